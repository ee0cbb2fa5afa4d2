"""Values as YAML writes them on one line: what is shown can be pasted into a test."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_PLAIN = re.compile(
    r"[A-Za-z_/°][^\n\t:#,\[\]{}\"'&*!|>%@`]*[^\n\t:#,\[\]{}\"'&*!|>%@`\s]|[A-Za-z_]"
)
_WORDS = frozenset({"true", "false", "null", "True", "False", "Null", "TRUE", "FALSE", "NULL"})


def flow(value: Any) -> str:
    """One line of YAML for a value."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(str(k))}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value not in _WORDS:
        return value
    if isinstance(value, str | int | float | bool) or value is None:
        return json.dumps(value, ensure_ascii=False)
    return str(value)
