"""YAML as trees with places: the core schema, includes, secrets, and every ugly file."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.source import Reader
from pipelines.tree import Map, Secret, Seq, place
from schemas.problem import Position
from tests.pipelines.conftest import MakeHome


def parsed(text: str) -> Any:
    reader = Reader()
    tree = reader.parse(text, "x.yaml")
    assert not reader.problems, reader.problems
    return tree


def problems_of(text: str) -> list[str]:
    reader = Reader()
    assert reader.parse(text, "x.yaml") is None
    return [problem.text for problem in reader.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"), ("off", "off"), ("yes", "yes"), ("No", "No"), ("y", "y"),
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None),
        ("012", 12), ("0o17", 15), ("0x1F", 31), ("-5", -5), ("1_000", "1_000"), ("0b1", "0b1"),
        ("1.5", 1.5), (".5", 0.5), ("1e3", 1000.0), ("1.", 1.0), (".inf", float("inf")),
        ("10:30", "10:30"), ("2026-01-10", "2026-01-10"), ("=", "="), ("0o8", "0o8"),
        ("'5'", "5"), ('"true"', "true"), ("!!str 5", "5"), ("! 5", "5"), ("!!int 5", 5),
        (str(2**63), float(2**63)), ("9" * 5000, float("inf")), ("Grüße", "Grüße"),
    ],
)  # fmt: skip
def test_scalars_follow_the_core_schema_of_yaml_1_2(text: str, value: Any) -> None:
    found = parsed(f"a: {text}")["a"]

    assert found == value and type(found) is type(value)


def test_keys_are_text_as_written() -> None:
    assert parsed("{5: a, true: b, ~: c, 1.0: d, on: e}") == {
        "5": "a", "true": "b", "~": "c", "1.0": "d", "on": "e",
    }  # fmt: skip


def test_every_key_and_value_knows_its_place() -> None:
    tree = parsed("a:\n  - b: 1\n    c: {d: [2, 3]}\n")

    assert place(tree, ["a", 0, "c", "d", 1], tree.at) == Position("x.yaml", 3, 16)
    assert tree["a"][0].keys_at["c"] == Position("x.yaml", 3, 5)
    assert place(tree, ["a", 0, "nothing"], tree.at) == Position("x.yaml", 2, 5)


def test_anchors_and_merge_keys_are_unfolded() -> None:
    tree = parsed("base: &b {x: 1, y: 2}\na: {<<: *b, y: 3}\nc: {<<: [{y: 4}, *b]}\n")

    assert tree["a"] == {"x": 1, "y": 3} and tree["c"] == {"x": 1, "y": 4}


def test_an_empty_file_is_nothing() -> None:
    assert parsed("") is None
    assert parsed("# only a comment\n") is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [" * 5000, "nested more than 64 deep"),
        ("[" * 66 + "]" * 66, "nested more than 64 deep"),
        ("a: 1\na: 2", "`a` stands here a second time"),
        ("a\n---\nb", "a second document begins here"),
        ("a: \x07", "a control character"),
        ("a: \ud800", "not UTF-8 text"),
        ("? [a]\n: b", "a key must be text"),
        ("a: &x [*x]", "`*x` stands inside itself"),
        ("<<: 3", "`<<` takes a mapping or a list of mappings"),
        ("a: !!binary aGk=", "unknown tag `!!binary`"),
        ("a: !input x", "`!input` stands only in blueprints"),
    ],
)
def test_an_ugly_text_is_a_problem(text: str, problem: str) -> None:
    assert problem in problems_of(text)


def test_aliases_of_aliases_do_not_unfold_without_end() -> None:
    lines = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")

    assert problems_of("\n".join(lines)) == ["more than 200,000 values"]


def test_aliases_and_includes_do_not_nest_without_end(make_home: MakeHome) -> None:
    inner = "[" * 40 + "{}" + "]" * 40
    files = {"a.yaml": inner.format(1), "b.yaml": inner.format("!include a.yaml")}
    reader = Reader(make_home(files))
    assert reader.home is not None

    assert reader.load(reader.home / "b.yaml") is None
    assert [str(problem) for problem in reader.problems] == [
        "a.yaml:1:25: error: nested more than 64 deep"
    ]
    assert problems_of(f"a: &a {inner.format(1)}\nb: {inner.format('*a')}") == [
        "nested more than 64 deep"
    ]


def test_a_file_that_is_no_text_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"id: \xff\xfe\x00")
    reader = Reader(tmp_path)

    assert reader.load(tmp_path / "a.yaml") is None
    assert [str(problem) for problem in reader.problems] == [
        "a.yaml: error: not UTF-8 text (byte 4)"
    ]


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfid: a")

    assert Reader(tmp_path).load(tmp_path / "a.yaml") == {"id": "a"}


def test_what_is_no_file_is_a_problem(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "link.yaml").symlink_to("nowhere.yaml")

    for name in ("none.yaml", "pipe.yaml", "link.yaml", "."):
        assert reader.load(tmp_path / name) is None
    assert [str(problem) for problem in reader.problems] == [
        "none.yaml: error: cannot be read: No such file or directory",
        "pipe.yaml: error: is not a file",
        "link.yaml: error: cannot be read: No such file or directory",
        ".: error: is not a file",
    ]


def test_includes_keep_the_places_of_their_files(make_home: MakeHome) -> None:
    home = make_home(
        {
            "pipelines/a.yaml": (
                "steps: !include ../steps/one.yaml\nall: !include_dir_list ../steps"
            ),
            "steps/one.yaml": "- publish: {topic: a}\n",
            "steps/two.yaml": "- delay: 1s\n",
            "steps/.hidden.yaml": "x",
        }
    )
    tree = Reader(home).load(home / "pipelines/a.yaml")

    assert tree["all"] == [[{"publish": {"topic": "a"}}], [{"delay": "1s"}]]
    assert tree["steps"][0].values_at["publish"] == Position("steps/one.yaml", 1, 12)


def test_an_include_does_not_follow_a_link_out_of_the_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "outside.yaml").write_text("secret")
    (home / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    reader = Reader(home)

    assert reader.parse("a: !include link.yaml", "x.yaml") is None
    assert reader.problems[0].text == "`link.yaml` lies outside the home"


def test_includes_in_a_circle_end(make_home: MakeHome) -> None:
    home = make_home({"a.yaml": "x: !include b.yaml", "b.yaml": "y: !include a.yaml"})
    reader = Reader(home)

    assert reader.load(home / "a.yaml") is None
    assert reader.problems[0].text == "a file includes itself: a.yaml → b.yaml → a.yaml"


def test_secrets_are_marked_and_never_shown(make_home: MakeHome) -> None:
    home = make_home({"secrets.yaml": "mqtt: hunter22\nport: 1884\n"})
    reader = Reader(home)
    tree = reader.parse("{password: !secret mqtt, port: !secret port}", "x.yaml")

    assert tree["password"] == "hunter22" and isinstance(tree["password"], Secret)
    assert tree["port"] == "1884"
    assert "hunter22" not in repr(tree)
    assert reader.secrets == {"hunter22", "1884"}


YAML_TEXTS = st.one_of(
    st.text(
        alphabet=st.sampled_from("ab:-?[]{}&*!|>'\"%@`#,\n\t \\<~0.é{}\x00\ufeff"), max_size=60
    ),
    st.text(max_size=40),
    st.binary(max_size=60).map(lambda data: data.decode("utf-8", "surrogateescape")),
)


@settings(max_examples=1500, deadline=None)
@given(text=YAML_TEXTS)
def test_any_text_is_a_tree_or_problems(text: str) -> None:
    reader = Reader()
    tree = reader.parse(text, "x.yaml")

    assert tree is None or not reader.problems
    assert all(problem.at.file == "x.yaml" for problem in reader.problems)
    assert isinstance(tree, Map | Seq | str | int | float | bool | None)
