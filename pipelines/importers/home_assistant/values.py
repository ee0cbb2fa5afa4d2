"""Small values as Home Assistant writes them: lists, truth, durations, names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from pipelines.importers.home_assistant.unsupported import Unsupported
from schemas.fields import seconds

_TRUE = {"1", "true", "yes", "on", "enable"}
_FALSE = {"0", "false", "no", "off", "disable"}
_NEAREST = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "å": "a", "æ": "ae"}
_UNITS = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
_CLOCK = re.compile(r"([-+]?)(\d+):(\d+)(?::(\d+(?:\.\d+)?))?")
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")


def listed(value: Any) -> list[Any]:
    """One value, a list of them, or texts with commas between, as a list."""
    if value is None:
        return []
    if isinstance(value, list):
        return [item for each in value for item in listed(each)]
    if isinstance(value, str) and not is_template(value):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [value]


def items(value: Any) -> list[Any]:
    """One value or a list of them, as a list; texts are left whole."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def truth(value: Any, otherwise: bool) -> bool:
    """Whether a value means true: also `on`, `yes` and `1`."""
    text = str(value).strip().lower()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    return otherwise


def is_template(value: Any) -> bool:
    """Whether a text holds Jinja."""
    return isinstance(value, str) and any(mark in value for mark in ("{{", "{%", "{#"))


def name_of(text: str, separator: str = "-") -> str:
    """A text as an id: small ASCII letters, digits and separators."""
    lowered = "".join(_NEAREST.get(letter, letter) for letter in text.lower())
    plain = unicodedata.normalize("NFKD", lowered).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", separator, plain).strip(separator)


def spelled(total: float) -> str:
    """Seconds as people write them: `1h30m`, `500ms`."""
    if total != int(total):
        return f"{round(total * 1000)}ms" if total < 60 else f"{total:g}s"
    parts, rest = "", int(total)
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        parts += f"{count}{unit}" if count else ""
    return parts or "0s"


def span(value: Any) -> float:
    """Seconds of a constant duration: a number, `HH:MM[:SS]`, or a mapping of units.

    Raises:
        Unsupported: it is none.
    """
    if isinstance(value, bool):
        raise Unsupported(f"`{value}` is no duration")
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    if isinstance(value, Mapping):
        return sum(_part(key, part) for key, part in value.items())
    text = str(value).strip()
    if clock := _CLOCK.fullmatch(text):
        sign, hours, minutes, rest = clock.groups()
        total = int(hours) * 3600 + int(minutes) * 60 + float(rest or 0)
        return -total if sign == "-" else total
    try:
        return -seconds(text[1:]) if text.startswith("-") else seconds(text.lstrip("+"))
    except ValueError:
        raise Unsupported(f"`{value}` is no duration") from None


def _part(unit: str, value: Any) -> float:
    try:
        return seconds({unit: float(value)})
    except (TypeError, ValueError):
        raise Unsupported(f"`{unit}: {value}` is no duration") from None


def plain_number(value: Any) -> Any:
    """The number a text stands for, else the value itself."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        number = float(value)
        return int(number) if number == int(number) and "." not in value else number
    return value
