"""Pipelines as YAML that a person could have written, with comments where something is missing."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping
from typing import Any

from pipelines.importers.home_assistant.files import Tagged
from pipelines.scalars import plain

WIDTH = 100
_SAFE = re.compile(r"[\w./+-]([\w ./+@°%-]*[\w./+@°%-])?")
_NESTING = frozenset({"steps", "branches", "otherwise", "triggers"})
_MARKS = ("- ", "--", "? ")
_YAML_1_1 = frozenset({"yes", "no", "y", "n"})  # quoted for other readers


class Comment(str):
    """Lines of a comment where an item of a list or a key could stand."""

    __slots__ = ()


def document(value: Mapping[str, Any]) -> str:
    """The text of a mapping in block style; small values in flow style."""
    return "\n".join(_mapping(value, 0)) + "\n"


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(key)}: {flow(each)}" for key, each in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(flow(each) for each in value)}]"
    return _scalar(value, inside=True)


def comment(text: str, indent: int = 0) -> list[str]:
    """A text as lines of a comment."""
    pad = " " * indent
    shown = "".join(each if each.isprintable() or each == "\n" else "\ufffd" for each in text)
    return [f"{pad}# {line}".rstrip() for line in shown.split("\n")]


def _mapping(value: Mapping[str, Any], indent: int) -> list[str]:
    lines: list[str] = []
    for key, each in value.items():
        if isinstance(each, Comment):
            lines += comment(each, indent)
        else:
            lines += _entry(f"{' ' * indent}{_key(key)}:", each, indent)
    return lines


def _entry(head: str, value: Any, indent: int) -> list[str]:
    """A key or dash with its value after it."""
    if isinstance(value, Mapping | list | tuple):
        short = f"{head} {flow(value)}"
        if not value or (len(short) <= WIDTH and _is_small(value)):
            return [short]
        inner = indent + 2
        if isinstance(value, Mapping):
            return [head, *_mapping(value, inner)]
        return [head, *_sequence(value, inner)]
    return _text_entry(head, value, indent)


def _sequence(values: list[Any] | tuple[Any, ...], indent: int) -> list[str]:
    if all(isinstance(each, Comment) for each in values):
        notes = [line for each in values for line in comment(each, indent)]
        return [*notes, f"{' ' * indent}[]"]
    lines: list[str] = []
    for each in values:
        if isinstance(each, Comment):
            lines += comment(each, indent)
        else:
            lines += _item(each, indent)
    return lines


def _item(value: Any, indent: int) -> list[str]:
    dash = f"{' ' * indent}-"
    if not isinstance(value, Mapping) or not value:
        return _entry(dash, value, indent)
    lines = _mapping(value, indent + 2)
    first = next((i for i, line in enumerate(lines) if not line.lstrip().startswith("#")), 0)
    notes = [line[2:] for line in lines[:first]]
    return [*notes, f"{dash} {lines[first].lstrip()}", *lines[first + 1 :]]


def _text_entry(head: str, value: Any, indent: int) -> list[str]:
    if not isinstance(value, str) or isinstance(value, Tagged):
        return [f"{head} {_scalar(value)}"]
    pad = " " * (indent + 2)
    if "\n" in value and _is_literal(value):
        mark = "|" if value.endswith("\n") else "|-"
        body = value.removesuffix("\n").split("\n")
        return [f"{head} {mark}", *(f"{pad}{line}" if line else "" for line in body)]
    line = f"{head} {_scalar(value)}"
    if len(line) > WIDTH and _is_foldable(value):
        body = textwrap.wrap(
            value, WIDTH - len(pad), break_long_words=False, break_on_hyphens=False
        )
        if " ".join(body) == value:
            return [f"{head} >-", *(pad + each for each in body)]
    return [line]


def _is_literal(text: str) -> bool:
    lines = text.split("\n")
    return (
        bool(lines[0])
        and not lines[0][0].isspace()
        and not text.endswith("\n\n")
        and all(line.isprintable() and (not line or line.strip()) for line in lines)
    )


def _is_foldable(text: str) -> bool:
    return text.isprintable() and "  " not in text and text == text.strip() and " " in text


def _is_small(value: Any) -> bool:
    """Whether a value reads well on one line: no comments, steps or long texts inside."""
    if isinstance(value, Comment):
        return False
    if isinstance(value, Mapping):
        return not _NESTING & value.keys() and all(_is_small(each) for each in value.values())
    if isinstance(value, list | tuple):
        mappings = sum(isinstance(each, Mapping) for each in value)
        return not mappings and all(_is_small(each) for each in value)
    return not (isinstance(value, str) and "\n" in value)


def _key(key: Any) -> str:
    return _scalar(str(key), inside=True)


def _scalar(value: Any, *, inside: bool = False) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Tagged):
        return str(value)
    if not isinstance(value, str):
        return json.dumps(value).replace("Infinity", ".inf").replace("NaN", ".nan")
    if _is_plain(value, inside=inside):
        return value
    if ('"' in value or "\\" in value) and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return f'"{"".join(_escaped(letter) for letter in value)}"'


def _escaped(letter: str) -> str:
    """A letter inside double quotes, by the rules of YAML."""
    if letter in '"\\':
        return f"\\{letter}"
    if letter.isprintable():
        return letter
    return {"\n": "\\n", "\t": "\\t"}.get(letter) or f"\\U{ord(letter):08x}"


def _is_plain(text: str, *, inside: bool) -> bool:
    """Whether a text needs no quotes; outside of brackets more may stand bare."""
    if text.lower() in _YAML_1_1 or plain(text) is not text or text.startswith(_MARKS):
        return False
    if _SAFE.fullmatch(text):
        return not re.fullmatch(r"[\d:.]+", text)
    if inside or not text.isprintable() or text != text.strip() or not text[0].isalpha():
        return False
    return not re.search(r": |:$| #", text)
