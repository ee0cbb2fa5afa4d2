"""Trees into structs: every shape of msgspec's messages in the user's words."""

from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, Struct

from pipelines.decode import decode
from pipelines.source import Reader
from schemas.fields import Duration
from schemas.problem import Position


class Inner(Struct, frozen=True):
    needed: int
    text: str = ""


class Outer(Struct, frozen=True):
    whole: Annotated[int, Meta(ge=0, le=5)] = 0
    under: Annotated[float, Meta(gt=0, lt=10)] = 1
    double: Annotated[int, Meta(multiple_of=2)] = 0
    text: str = ""
    short: Annotated[str, Meta(min_length=2, max_length=3)] = "aa"
    name: Annotated[str, Meta(pattern="^[a-z]+$", examples=["abc"])] = "a"
    switch: bool = False
    choice: Literal["one", "two", 3] = "one"
    maybe: float | None = None
    either: str | list[int] = ""
    numbers: list[int] = []
    some: Annotated[list[int], Meta(min_length=1)] = []
    named: dict[str, int] = {}
    deep: list[dict[str, int]] = []
    pair: tuple[int, str] = (0, "")
    inner: Inner | bool | None = None
    inners: dict[str, Inner] = {}
    wait: Duration = "1s"
    free: Any = None


CASES = [
    ("whole: x", "1:8: error: `whole`: expected a whole number, not text", ""),
    (
        "whole: '5'",
        "1:8: error: `whole`: expected a whole number, not text",
        "write it without quotes",
    ),
    ("whole: 1.5", "1:8: error: `whole`: expected a whole number, not a number", ""),
    ("whole: true", "1:8: error: `whole`: expected a whole number, not true or false", ""),
    ("whole: 6", "1:8: error: `whole`: must be at most 5", ""),
    ("whole: -1", "1:8: error: `whole`: must be at least 0", ""),
    ("under: 0", "1:8: error: `under`: must be more than 0", ""),
    ("under: 10", "1:8: error: `under`: must be less than 10", ""),
    ("double: 3", "1:9: error: `double`: must be a multiple of 2", ""),
    ("text: 5", "1:7: error: `text`: expected text, not a whole number", "put it in quotes"),
    ("text:", "1:6: error: `text`: expected text, not nothing", ""),
    ("text: [a]", "1:7: error: `text`: expected text, not a list", ""),
    ("short: a", "1:8: error: `short`: must have at least 2 characters", ""),
    ("short: abcd", "1:8: error: `short`: must have at most 3 characters", ""),
    ("name: A1", "1:7: error: `name`: `A1` has not the right form", "for example `abc`"),
    (
        "switch: on",
        "1:9: error: `switch`: expected true or false, not text",
        "write `true` or `false`",
    ),
    (
        "choice: twoo",
        "1:9: error: `choice`: `twoo` is none of `one`, `two`, `3`",
        "did you mean `two`?",
    ),
    ("choice: 4", "1:9: error: `choice`: `4` is none of `one`, `two`, `3`", ""),
    ("choice: []", "1:9: error: `choice`: expected a whole number or text, not a list", ""),
    ("maybe: x", "1:8: error: `maybe`: expected a number, not text", ""),
    ("either: {}", "1:9: error: `either`: expected text or a list, not a mapping", ""),
    ("numbers: 3", "1:10: error: `numbers`: expected a list, not a whole number", ""),
    ("numbers: [1, x]", "1:14: error: `numbers[1]`: expected a whole number, not text", ""),
    ("some: []", "1:7: error: `some`: must have at least 1 entries", ""),
    ("named: {a: 1, b: x}", "1:18: error: `named.b`: expected a whole number, not text", ""),
    ("deep: [{}, {a: x}]", "1:16: error: `deep[1].a`: expected a whole number, not text", ""),
    ("pair: [1]", "1:7: error: `pair`: must have exactly 2 entries", ""),
    ("inner: {}", "1:8: error: `inner` needs `needed`", ""),
    ("inner: {needed: x}", "1:17: error: `needed`: expected a whole number, not text", ""),
    (
        "inner: 3",
        "1:8: error: `inner`: expected true or false or a mapping, not a whole number",
        "",
    ),
    ("inners: {a: 3}", "1:13: error: `a` must be a mapping", "with the keys needed, text"),
    ("wait: 5", "1:7: error: `wait`: a duration needs a unit: write `5s` or `5m`", ""),
    ("wiat: 5s", "1:1: error: unknown key `wiat` in `outer`", "did you mean `wait`?"),
]


@pytest.mark.parametrize(("text", "problem", "hint"), CASES, ids=[case[0] for case in CASES])
def test_a_wrong_value_is_told_in_the_users_words(text: str, problem: str, hint: str) -> None:
    tree = Reader().parse(text, "x.yaml")
    _, problems = decode(tree, Outer, Position("x.yaml", 1, 1), "outer")

    told = f"x.yaml:{problem}\n  hint: {hint}" if hint else f"x.yaml:{problem}"
    assert [str(each) for each in problems] == [told]


def test_every_problem_is_told_and_the_rest_is_decoded() -> None:
    tree = Reader().parse("{whole: x, text: 5, switch: true, zzz: 1}", "x.yaml")
    value, problems = decode(tree, Outer, Position("x.yaml", 1, 1), "outer")

    assert len(problems) == 3
    assert value == Outer(switch=True)


def test_a_struct_without_what_it_needs_is_none() -> None:
    tree = Reader().parse("{text: a, needed: x}", "x.yaml")

    assert decode(tree, Inner, Position("x.yaml", 1, 1), "inner")[0] is None


def test_free_values_keep_their_places() -> None:
    tree = Reader().parse("free: {a: [1]}", "x.yaml")
    value, _ = decode(tree, Outer, Position("x.yaml", 1, 1), "outer")

    assert value is not None and value.free is tree["free"]
