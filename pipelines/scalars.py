"""Plain YAML scalars by the core schema of YAML 1.2: `on`, `off` and `yes` stay text."""

import re
from typing import Any

_WORDS: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"([-+]?\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)")
_FIRST = frozenset("0123456789+-.~nNtTfF")
_LARGEST = 2**63


def plain(text: str) -> Any:
    """The value of an unquoted scalar; integers beyond 64 bits become floats, as in JSON."""
    if text and text[0] not in _FIRST:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", "", 1))
    return text


def _integer(text: str) -> int | float:
    if text[1:2] in ("o", "x"):
        number = int(text, 0)
    elif len(text) > 24:
        return float(text)
    else:
        number = int(text)
    return number if -_LARGEST <= number < _LARGEST else float(number)
