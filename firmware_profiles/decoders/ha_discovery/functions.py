"""Filters, functions and tests that Home Assistant adds to Jinja."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Any

from firmware_profiles.units import number

_PATTERN_MAX = 200
_MISSING = object()


def _forgiving(convert: Callable[[Any], Any]) -> Callable[..., Any]:
    def filter(value: Any, default: Any = _MISSING, *rest: Any) -> Any:
        try:
            return convert(value)
        except (TypeError, ValueError, OverflowError):
            if default is _MISSING:
                raise
            return default

    return filter


def _round(value: Any, digits: int = 0, method: str = "common", default: Any = _MISSING) -> Any:
    try:
        size = 10**digits
        if method == "ceil":
            return math.ceil(float(value) * size) / size
        if method == "floor":
            return math.floor(float(value) * size) / size
        found = round(float(value), digits)
        return int(found) if digits == 0 else found
    except (TypeError, ValueError, OverflowError):
        if default is _MISSING:
            raise
        return default


def _pattern(text: Any) -> str:
    if len(str(text)) > _PATTERN_MAX:
        raise ValueError("the pattern is too long")
    return str(text)


def _regex_replace(value: Any, find: str = "", replace: str = "", ignorecase: bool = False) -> str:
    flags = re.IGNORECASE if ignorecase else 0
    return re.sub(_pattern(find), replace, str(value), flags=flags)


def _regex_index(value: Any, find: str = "", index: int = 0, ignorecase: bool = False) -> Any:
    flags = re.IGNORECASE if ignorecase else 0
    return re.findall(_pattern(find), str(value), flags)[index]


def _timestamp(value: Any) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    plain = number(value)
    return plain if plain is not None else datetime.fromisoformat(str(value)).timestamp()


def _boolean(value: Any) -> bool:
    word = str(value).strip().lower()
    if word in ("1", "true", "yes", "on", "enable"):
        return True
    if word in ("0", "false", "no", "off", "disable"):
        return False
    raise ValueError("it is no boolean")


def _iif(value: Any, yes: Any = True, no: Any = False, nothing: Any = _MISSING) -> Any:
    if value is None and nothing is not _MISSING:
        return nothing
    return yes if value else no


def filters(zone: tzinfo | None) -> dict[str, Callable[..., Any]]:
    """Filters beside Jinja's own; local times are those of the home."""

    def local(value: Any) -> str:
        return datetime.fromtimestamp(_timestamp(value), zone or UTC).isoformat()

    def custom(value: Any, form: str = "%Y-%m-%d %H:%M:%S", here: bool = True) -> str:
        there = (zone or UTC) if here else UTC
        return datetime.fromtimestamp(_timestamp(value), there).strftime(form)

    return {
        "float": _forgiving(float),
        "int": _forgiving(lambda value: int(float(value))),
        "round": _round,
        "bool": _forgiving(_boolean),
        "iif": _iif,
        "from_json": json.loads,
        "to_json": lambda value, *rest, **more: json.dumps(value),
        "regex_replace": _regex_replace,
        "regex_findall_index": _regex_index,
        "regex_search": lambda value, find="", *rest: bool(re.search(_pattern(find), str(value))),
        "regex_match": lambda value, find="", *rest: bool(re.match(_pattern(find), str(value))),
        "as_timestamp": _forgiving(_timestamp),
        "timestamp_local": local,
        "timestamp_utc": lambda value: datetime.fromtimestamp(_timestamp(value), UTC).isoformat(),
        "timestamp_custom": custom,
        "multiply": lambda value, by: float(value) * by,
        "add": lambda value, by: float(value) + by,
        "sqrt": lambda value: math.sqrt(float(value)),
        "log": lambda value, base=math.e: math.log(float(value), base),
        "bitwise_and": lambda value, by: int(value) & int(by),
        "bitwise_or": lambda value, by: int(value) | int(by),
        "base64_decode": lambda value: base64.b64decode(value).decode(),
        "ord": ord,
    }


def functions(zone: tzinfo | None) -> dict[str, Callable[..., Any]]:
    """Functions of templates."""
    return {
        "now": lambda: datetime.now(zone or UTC),
        "utcnow": lambda: datetime.now(UTC),
        "as_timestamp": _forgiving(_timestamp),
        "float": _forgiving(float),
        "int": _forgiving(lambda value: int(float(value))),
        "bool": _forgiving(_boolean),
        "is_number": lambda value: number(value) is not None,
        "iif": _iif,
        "min": min,
        "max": max,
    }


TESTS: dict[str, Callable[..., bool]] = {
    "match": lambda value, find="": bool(re.match(_pattern(find), str(value))),
    "search": lambda value, find="": bool(re.search(_pattern(find), str(value))),
    "list": lambda value: isinstance(value, list),
    "is_number": lambda value: number(value) is not None,
}
