"""What expressions can call besides Jinja's own filters: Home Assistant's words for them."""

from __future__ import annotations

import base64
import html
import json
import math
import re
import statistics
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from pipelines.limits import MAX_TEXT, Alarm, ExpressionError, replaceable, sized

NONE_GIVEN: Any = object()
_TRUE = frozenset({"1", "true", "yes", "on", "enable"})
_FALSE = frozenset({"0", "false", "no", "off", "disable"})


def otherwise(name: str, value: Any, default: Any) -> Any:
    """The default where a value cannot be read; without one that is an error."""
    if default is NONE_GIVEN:
        raise ExpressionError(f"{name} cannot read {value!r:.80} and no default was given")
    return default


def as_float(value: Any, default: Any = NONE_GIVEN) -> Any:
    """The number in a value."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return otherwise("float", value, default)


def as_int(value: Any, default: Any = NONE_GIVEN, base: int = 10) -> Any:
    """The whole number in a value; fractions are cut off."""
    try:
        if isinstance(value, str) and base != 10:
            return int(value, base)
        return int(value) if isinstance(value, int) else int(float(value))
    except (TypeError, ValueError, OverflowError):
        return otherwise("int", value, default)


def as_bool(value: Any, default: Any = NONE_GIVEN) -> Any:
    """True of true, 1, `on`, `yes`, `enable`; false of their opposites."""
    text = str(value).strip().lower()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if isinstance(value, int | float):
        return bool(value)
    return otherwise("bool", value, default)


def is_number(value: Any) -> bool:
    """Whether a value is, or reads as, a finite number."""
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError, OverflowError):
        return False


def rounded(
    value: Any, precision: int = 0, method: str = "common", default: Any = NONE_GIVEN
) -> Any:
    """Rounded to `precision` decimals (an integer at 0); method common, floor, ceil or half."""
    plain = value.__class__ is float and precision.__class__ is int
    if plain and 0 < precision <= 300 and method == "common":  # what is asked for most
        return round(value, precision)
    if abs(precision) > 300:
        raise ExpressionError("round takes at most 300 decimals")
    try:
        number = float(value)
        if method in ("ceil", "floor"):
            power = 10.0**precision
            number = getattr(math, method)(number * power) / power
        elif method == "half":
            number = round(number * 2) / 2
        else:
            number = round(number, precision)
        return int(number) if precision == 0 and method != "half" else number
    except (TypeError, ValueError, OverflowError):
        return otherwise("round", value, default)


def iif(value: Any, if_true: Any = True, if_false: Any = False, if_none: Any = NONE_GIVEN) -> Any:
    """One of two values, by whether `value` holds; a third for none."""
    if value is None and if_none is not NONE_GIVEN:
        return if_none
    return if_true if value else if_false


def _spread(values: tuple[Any, ...]) -> list[Any]:
    given = values[0] if len(values) == 1 and not isinstance(values[0], str) else values
    return list(given)


def smallest(*values: Any) -> Any:
    """The least of a list or of several values."""
    return min(_spread(values))


def largest(*values: Any) -> Any:
    """The greatest of a list or of several values."""
    return max(_spread(values))


def average(*values: Any) -> float:
    """The mean of a list or of several values."""
    return float(statistics.fmean(_spread(values)))


def median(*values: Any) -> Any:
    """The middle of a list or of several values."""
    return statistics.median(_spread(values))


def from_json(value: Any, default: Any = NONE_GIVEN) -> Any:
    """The value a JSON text stands for."""
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, TypeError, UnicodeDecodeError):
        return otherwise("from_json", value, default)


def to_json(value: Any, pretty_print: bool = False, sort_keys: bool = False) -> str:
    """A value as JSON text; dates as ISO 8601."""
    plain = msgspec.to_builtins(value, str_keys=True)
    if not pretty_print and not sort_keys:
        return msgspec.json.encode(plain).decode()
    return json.dumps(
        plain, indent=2 if pretty_print else None, sort_keys=sort_keys, ensure_ascii=False
    )


@lru_cache(maxsize=512)
def _pattern(pattern: str, ignorecase: bool) -> tuple[re.Pattern[str], bool]:
    """The compiled pattern, and whether it repeats at most one thing: then it cannot explode."""
    compiled = re.compile(pattern, re.IGNORECASE if ignorecase else 0)
    return compiled, sum(pattern.count(mark) for mark in "*+{") <= 1


def _matched(find: str, ignorecase: bool, value: Any, work: Callable[..., Any]) -> Any:
    """What `work` makes of the pattern and the text, within the time an expression has."""
    text = str(value)
    if len(text) > MAX_TEXT:
        raise ExpressionError("a regular expression takes texts of at most 64 kB")
    try:
        pattern, simple = _pattern(find, ignorecase)
        if simple and len(text) <= 1000:
            return work(pattern, text)
        with Alarm():
            return work(pattern, text)
    except (re.error, RecursionError, OverflowError) as error:
        raise ExpressionError(f"`{find:.80}` is no regular expression: {error}") from None


def regex_match(value: Any, find: str = "", ignorecase: bool = False) -> bool:
    """Whether a text begins with what the pattern says."""
    return _matched(find, ignorecase, value, re.Pattern.match) is not None


def regex_search(value: Any, find: str = "", ignorecase: bool = False) -> bool:
    """Whether what the pattern says stands anywhere in a text."""
    return _matched(find, ignorecase, value, re.Pattern.search) is not None


def regex_replace(
    value: Any = "", find: str = "", replace: str = "", ignorecase: bool = False
) -> str:
    """A text with every match replaced (`\\1` for groups)."""
    if (len(str(value)) + 1) * len(replace) > 100 * MAX_TEXT:
        raise ExpressionError("regex_replace would make too long a text")
    made = _matched(find, ignorecase, value, lambda pattern, text: pattern.sub(replace, text))
    return str(sized(made))


def regex_findall(value: Any, find: str = "", ignorecase: bool = False) -> list[Any]:
    """All matches (or their groups)."""
    found: list[Any] = _matched(find, ignorecase, value, re.Pattern.findall)
    return found


def regex_findall_index(
    value: Any, find: str = "", index: int = 0, ignorecase: bool = False
) -> Any:
    """The match with that number, counted from 0."""
    return regex_findall(value, find, ignorecase)[index]


def replaced(value: Any, old: Any, new: Any, count: int = -1) -> str:
    """A text with another text in place of one."""
    text, old, new = str(value), str(old), str(new)
    replaceable(text, old, new)
    return text.replace(old, new, -1 if count is None else count)


def slugify(value: Any, separator: str = "_") -> str:
    """A text as a name: small letters, digits and separators."""
    return re.sub(r"[^a-z0-9]+", separator, str(value).lower()).strip(separator)


def contains(values: Any, value: Any) -> bool:
    """Whether a list or text contains a value."""
    return bool(value in values)


def logarithm(value: Any, base: Any = math.e, default: Any = NONE_GIVEN) -> Any:
    """The logarithm, natural unless a base is given."""
    try:
        return math.log(float(value), float(base))
    except (TypeError, ValueError, ZeroDivisionError):
        return otherwise("log", value, default)


def square_root(value: Any, default: Any = NONE_GIVEN) -> Any:
    """The square root."""
    try:
        return math.sqrt(float(value))
    except (TypeError, ValueError):
        return otherwise("sqrt", value, default)


def zipped(*lists: Any) -> list[tuple[Any, ...]]:
    """Lists side by side: pairs of their items, as long as the shortest."""
    return list(zip(*lists, strict=False))


def tojson(value: Any, indent: int | None = None) -> str:
    """A value as JSON text, on several lines with an indent."""
    return to_json(value, pretty_print=indent is not None)


def escaped(value: Any) -> str:
    """A text for HTML."""
    return html.escape(str(value))


def base64_encode(value: Any) -> str:
    """A text in Base64."""
    return base64.b64encode(str(value).encode()).decode()


def base64_decode(value: Any) -> str:
    """The text that Base64 stands for."""
    return base64.b64decode(str(value)).decode()


def multiplied(value: Any, amount: float) -> float:
    """A number times another."""
    return float(as_float(value) * amount)


def added(value: Any, amount: float) -> float:
    """A number plus another."""
    return float(as_float(value) + amount)


BOTH: Mapping[str, Callable[..., Any]] = {
    "float": as_float, "int": as_int, "bool": as_bool, "is_number": is_number, "iif": iif,
    "average": average, "median": median, "from_json": from_json, "to_json": to_json,
    "regex_match": regex_match, "regex_search": regex_search, "regex_replace": regex_replace,
    "regex_findall": regex_findall, "regex_findall_index": regex_findall_index,
    "slugify": slugify, "contains": contains, "log": logarithm, "sqrt": square_root,
}  # fmt: skip
"""Usable as functions and as filters (the value first)."""

FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **BOTH, "min": smallest, "max": largest, "round": rounded, "zip": zipped,
}  # fmt: skip

FILTERS: Mapping[str, Callable[..., Any]] = {
    **BOTH, "round": rounded, "replace": replaced,
    "base64_encode": base64_encode, "base64_decode": base64_decode,
    "multiply": multiplied, "add": added, "tojson": tojson,
    "escape": escaped, "e": escaped, "forceescape": escaped, "safe": str,
}  # fmt: skip

TESTS: Mapping[str, Callable[..., bool]] = {
    "is_number": is_number, "match": regex_match, "search": regex_search, "contains": contains,
    "list": lambda value: isinstance(value, list),
    "datetime": lambda value: isinstance(value, datetime),
}  # fmt: skip
