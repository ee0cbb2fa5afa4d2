"""Trees into structs, with every problem: the one reader of msgspec's messages."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar, get_type_hints

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec.structs import fields as struct_fields

from pipelines.annotations import (
    choices,
    examples,
    items_of,
    mark_of,
    struct_in,
    struct_in_values,
)
from pipelines.elsewhere import KEYS
from pipelines.tree import Map, Secret, place, suggest
from schemas.fields import seconds
from schemas.problem import Position, Problem

T = TypeVar("T", bound=Struct)

_WORDS = {
    "int": "a whole number", "float": "a number", "str": "text", "bool": "true or false",
    "null": "nothing", "array": "a list", "object": "a mapping",
}  # fmt: skip
_KINDS = {bool: "bool", int: "int", float: "float", str: "str", list: "array", dict: "object"}
_EXPECTED = re.compile(r"Expected `([^`]+)`(?:, got `([^`]+)`)?$")
_BOUND = re.compile(r"Expected `[^`]+` (<=|>=|<|>) (.+)$")
_LENGTH = re.compile(r"Expected `([^`]+)` of length (?:(<=|>=) )?(\d+)(?:, got \d+)?$")
_BOUND_WORDS = {"<=": "at most", ">=": "at least", "<": "less than", ">": "more than"}


class Field(NamedTuple):
    """One key of a struct as users write it; `fixed` where no expression may stand."""

    attribute: str
    type: Any
    required: bool
    struct: type[Struct] | None
    struct_of_values: type[Struct] | None
    items: Any
    mark: str
    fixed: bool


@lru_cache(maxsize=512)
def fields_of(struct: type[Struct]) -> dict[str, Field]:
    """The keys of a struct by their written name."""
    hints = get_type_hints(struct, include_extras=True)
    return {
        field.encode_name: Field(
            field.name,
            hints[field.name],
            field.default is NODEFAULT and field.default_factory is NODEFAULT,
            struct_in(hints[field.name]),
            struct_in_values(hints[field.name]),
            items_of(hints[field.name]),
            mark_of(hints[field.name]),
            not getattr(struct, "templated", True),
        )
        for field in struct_fields(struct)
    }


def decode(tree: Any, struct: type[T], at: Position, name: str) -> tuple[T | None, list[Problem]]:
    """The tree as a struct with every problem found; `name` is what users call the mapping.

    Keys that are unknown or have wrong values are told and left at their defaults; the struct is
    None where one without a default is missing or wrong.
    """
    if not isinstance(tree, Map):
        keys = ", ".join(fields_of(struct))
        return None, [Problem(at, f"`{name}` must be a mapping", f"with the keys {keys}")]
    problems: list[Problem] = []
    known, values = fields_of(struct), {}
    for key, value in tree.items():
        if (field := known.get(key)) is None:
            problems.append(_unknown(tree, key, known, name))
            continue
        value, found = _value(value, field, tree.values_at.get(key, tree.at), key)
        problems += found
        if value is not None or not found:
            values[field.attribute] = value
    for key, field in known.items():
        if field.required and key not in tree:
            problems.append(Problem(tree.at, f"`{name}` needs `{key}`"))
    whole = all(field.attribute in values for field in known.values() if field.required)
    return struct(**values) if whole else None, problems


def _value(value: Any, field: Field, at: Position, key: str) -> tuple[Any, list[Problem]]:
    if field.struct is not None and isinstance(value, Map):
        return decode(value, field.struct, at, key)
    if field.struct_of_values is not None and isinstance(value, Map):
        return _values(value, field.struct_of_values)
    if field.mark == "duration" and value is not None:
        return _duration(value, field, at, key)
    if isinstance(value, list) and (problems := _in_items(value, field.items, at, key)):
        return None, problems
    try:
        return msgspec.convert(value, field.type, strict=not isinstance(value, Secret)), []
    except msgspec.ValidationError as error:
        return None, [explain(str(error), value, at, key, field.type)]


def _duration(value: Any, field: Field, at: Position, key: str) -> tuple[Any, list[Problem]]:
    """A duration as it stands; one that holds an expression is checked where it is compiled."""
    if isinstance(value, str) and "{{" in value and not field.fixed:
        return value, []
    try:
        seconds(value)
    except ValueError as error:
        return None, [Problem(at, f"`{key}`: {error}")]
    return value, []


def _values(tree: Map, struct: type[Struct]) -> tuple[dict[str, Any], list[Problem]]:
    decoded, problems = {}, []
    for key, value in tree.items():
        entry, found = decode(value, struct, tree.values_at.get(key, tree.at), key)
        problems += found
        if entry is not None:
            decoded[key] = entry
    return decoded, problems


def _in_items(items: list[Any], kind: Any, at: Position, key: str) -> list[Problem]:
    """What is wrong with the items of a list of structs; the list is looked at afterwards."""
    struct, problems = struct_in(kind), list[Problem]()
    for index, item in enumerate(items if kind is not None else ()):
        spot = place(items, [index], at)
        if struct is not None and isinstance(item, Map):
            problems += decode(item, struct, spot, key)[1]
            continue
        try:
            msgspec.convert(item, kind)
        except msgspec.ValidationError as error:
            problems.append(explain(str(error), item, spot, key, kind))
    return problems


def _unknown(tree: Map, key: str, known: dict[str, Field], name: str) -> Problem:
    at = tree.keys_at.get(key, tree.at)
    if tree[key] is None and not key.isidentifier():
        hint = "the text before it ends at the comma: quote it"
        return Problem(at, f"`{key}` stands as a key of its own here", hint, "warning")
    hint = KEYS.get(name, {}).get(key) or suggest(key, known) or f"known: {', '.join(known)}"
    return Problem(at, f"unknown key `{key}` in `{name}`", hint)


def explain(message: str, value: Any, at: Position, key: str, kind: Any = None) -> Problem:
    """A msgspec message about `value` (found under `key` at `at`) in the user's words.

    `kind` is the type it was to have: messages do not tell what it allows.
    """
    text, _, where = message.rpartition(" - at ")
    message = text or message
    path = _follow(value, _path(where) if text else [], message)
    found = _inside(value, path)
    shown = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    words, hint = _words(message, found, choices(kind)), _hint(message, found, kind)
    return Problem(place(value, path, at), f"`{key}{shown}`: {words}", hint)


def _path(where: str) -> list[str | int]:
    """The steps of msgspec's `$.a[0][...]`; `...` is a key it does not tell."""
    steps = re.findall(r"\.([^.\[\]`]+)|\[(\d+|\.\.\.)\]", where.strip("`"))
    return [int(index) if index.isdigit() else name or index for name, index in steps]


def _follow(value: Any, path: list[str | int], message: str) -> list[str | int]:
    """The path with the untold keys filled in: the first whose value is of the wrong kind."""
    expected = _EXPECTED.match(message)
    followed: list[str | int] = []
    for step in path:
        if step == "..." and isinstance(value, dict):
            wrong = [k for k, v in value.items() if expected and _kind(v) == expected[2]]
            step = next(iter(wrong or value))
        followed.append(step)
        value = _inside(value, [step])
    return followed


def _inside(value: Any, path: list[str | int]) -> Any:
    for step in path:
        try:
            value = value[step]
        except (LookupError, TypeError):
            return None
    return value


def _kind(value: Any) -> str:
    """msgspec's word for the type of a value."""
    for kind, name in _KINDS.items():
        if isinstance(value, kind):
            return name
    return "null"


def _words(message: str, found: Any, allowed: tuple[Any, ...]) -> str:
    if bound := _BOUND.match(message):
        return f"must be {_BOUND_WORDS[bound[1]]} {bound[2].removesuffix('.0')}"
    if length := _LENGTH.match(message):
        unit = "characters" if length[1] == "str" else "entries"
        return f"must have {_BOUND_WORDS.get(length[2], 'exactly')} {length[3]} {unit}"
    if message.startswith("Invalid enum value") or _is_no_word(found, allowed):
        shown = str(found).lower() if isinstance(found, bool) else found
        return f"`{shown}` is none of {', '.join(f'`{each}`' for each in allowed)}"
    if "matching regex" in message:
        return f"`{found}` has not the right form"
    if "multiple of" in message:
        return f"must be a multiple of {message.rsplit(' ', 1)[1].removesuffix('.0')}"
    if expected := _EXPECTED.match(message):
        got = f", not {_WORDS.get(expected[2], expected[2])}" if expected[2] else ""
        return f"expected {_either(expected[1])}{got}"
    return message


def _is_no_word(found: Any, allowed: tuple[Any, ...]) -> bool:
    """Whether a number or truth value stands where one of some words is wanted."""
    words = bool(allowed) and all(isinstance(each, str) for each in allowed)
    return words and isinstance(found, bool | int | float)


def _either(kinds: str) -> str:
    names = [_WORDS.get(kind, kind) for kind in kinds.split(" | ") if kind != "null"]
    return " or ".join(names) or "nothing"


def _hint(message: str, value: Any, kind: Any) -> str:
    if message.startswith("Invalid enum value") or _is_no_word(value, choices(kind)):
        return suggest(str(value), map(str, choices(kind)))
    if "matching regex" in message and (right := examples(kind)):
        return f"for example {', '.join(f'`{each}`' for each in right)}"
    expected = _EXPECTED.match(message)
    kinds = expected[1].split(" | ") if expected else []
    if isinstance(value, bool | int | float) and "str" in kinds:
        return "put it in quotes"
    if isinstance(value, str) and "bool" in kinds:
        return "write `true` or `false`"
    if isinstance(value, str) and {"int", "float"} & {*kinds}:
        return "write it without quotes" if value.strip("-+.0123456789") == "" else ""
    return ""
