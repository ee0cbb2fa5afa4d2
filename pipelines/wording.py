"""What stands in a pipeline, on one line: as people read it in a trace, with secrets masked."""

from __future__ import annotations

import re
from typing import Any

from pipelines.secrecy import MASK
from pipelines.tree import Secret

_MOST = 300  # characters; longer conditions are told by their beginning
_QUOTED = re.compile(r"[,:#{}\[\]&*!|>'\"%@`]|^\s|\s$|^$")


def worded(value: Any) -> str:
    """A condition or trigger as it was written: `reading: {device: hall, above: 3}`."""
    if isinstance(value, str):
        text = MASK if isinstance(value, Secret) else " ".join(value.split())
    elif isinstance(value, dict):
        text = ", ".join(_pairs(value))
    else:
        text = _flow(value)
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"


def _flow(value: Any) -> str:
    """YAML in one line."""
    if isinstance(value, dict):
        return f"{{{', '.join(_pairs(value))}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, Secret):
        return MASK
    if isinstance(value, bool):
        return "true" if value else "false"
    text = "null" if value is None else " ".join(str(value).split())
    return f'"{text}"' if isinstance(value, str) and _QUOTED.search(text) else text


def _pairs(values: dict[str, Any]) -> list[str]:
    return [key if value is None else f"{key}: {_flow(value)}" for key, value in values.items()]
