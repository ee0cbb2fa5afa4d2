"""Values: from what stands in a payload to canonical values; None means that it says nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from firmware_profiles.units import number
from firmware_profiles.vocabulary import Term

Convert = Callable[[Any], Any]

_YES = frozenset({"on", "true", "yes", "1"})
_NO = frozenset({"off", "false", "no", "0"})
_STATES = {
    "true": "on", "1": "on", "yes": "on", "false": "off", "0": "off", "no": "off",
    "close": "closed", "stop": "stopped", "lock": "locked", "unlock": "unlocked",
}  # fmt: skip
_TEXT_MAX = 4096


def plain(value: Any) -> Any:
    """A value of a property nobody knows: numbers, booleans, text and lists of these."""
    kind = value.__class__
    if kind is str:
        return value[:_TEXT_MAX] or None
    if kind is bool:
        return value
    if kind is list:
        scalar = all(item is None or isinstance(item, bool | int | float | str) for item in value)
        return value if value and scalar else None
    return number(value)


def text(value: Any) -> str | None:
    """Text; numbers and booleans as JSON writes them."""
    if value.__class__ is str:
        return value[:_TEXT_MAX] or None
    if value.__class__ is bool:
        return "true" if value else "false"
    return str(value) if value.__class__ in (int, float) else None


def switch(value: Any) -> str | None:
    """`on`/`off`, and the words of covers and locks, in lower case."""
    if value.__class__ is bool:
        return "on" if value else "off"
    word = text(value)
    if word is None:
        return None
    word = word.strip().lower()
    return _STATES.get(word, word) or None


def boolean(yes: frozenset[str] = frozenset(), no: frozenset[str] = frozenset()) -> Convert:
    """A conversion to true and false that also knows the given words."""
    table: dict[Any, bool] = dict.fromkeys(_YES | yes, True)
    table |= dict.fromkeys(_NO | no, False)

    def convert(value: Any) -> bool | None:
        kind = value.__class__
        if kind is bool:
            return bool(value)
        if kind is str:
            return table.get(value.strip().lower())
        if kind in (int, float) and value in (0, 1):
            return bool(value)
        return None

    return convert


def inverse(convert: Convert) -> Convert:
    """The conversion with true and false exchanged."""

    def inverted(value: Any) -> bool | None:
        plain_value = convert(value)
        return None if plain_value is None else not plain_value

    return inverted


def color(value: Any) -> list[Any] | None:
    """A list of numbers, from a list, an object's values, `1,2,3` or `#RRGGBB`."""
    if value.__class__ is dict:
        value = list(value.values())
    if value.__class__ is str:
        value = _hex(value) if "," not in value else value.split(",")
    if value.__class__ is not list or not value:
        return None
    parts = [number(part) for part in value]
    return None if None in parts else parts


def _hex(value: str) -> list[int] | None:
    digits = value.removeprefix("#")
    try:
        return list(bytes.fromhex(digits)) if len(digits) in (6, 8, 10) else None
    except ValueError:
        return None


def chosen(table: Mapping[str, Any]) -> Convert:
    """A conversion by a table of words; others pass as they are, a word's case is free."""
    exact = {str(key): value for key, value in table.items()}
    folded = {key.casefold(): value for key, value in exact.items()}

    def convert(value: Any) -> Any:
        word = text(value)
        if word is None:
            return None
        return exact[word] if word in exact else folded.get(word.strip().casefold(), value)

    return convert


def found(pattern: str) -> Convert:
    """A conversion to what a regular expression finds in a text: its first group, or all."""
    search = re.compile(pattern).search

    def convert(value: Any) -> str | None:
        match = search(text(value) or "")
        return None if match is None else match[1 if match.re.groups else 0]

    return convert


def percent(full: float) -> Convert:
    """A conversion of 0…full to 0…100 %, one decimal; beyond that is the end.

    A scale that ends at nothing (a broken announcement) says nothing.
    """
    if not 0 < full < inf:
        return lambda value: None

    def convert(value: Any) -> float | None:
        raw = number(value)
        return None if raw is None else round(min(max(raw * 100 / full, 0.0), 100.0), 1)

    return convert


def for_term(term: Term) -> Convert:
    """The conversion for a property whose numbers come in its canonical unit."""
    if term.kind == "number":
        return number
    if term.kind == "boolean":
        return boolean(term.yes, term.no)
    return {"switch": switch, "color": color}.get(term.kind, text)
