"""Functions of ours in the place of private ones of other libraries, while they fit."""

from __future__ import annotations

import logging
from inspect import signature
from typing import Any

log = logging.getLogger(__name__)


def put_in(owner: Any, name: str, ours: Any) -> None:
    """Replace a function by ours if both take the same; else the genuine one stays, which is
    slower. What is private may change with every version, without a word."""
    genuine = getattr(owner, name, None)
    if _taken(genuine) is not None and _taken(ours) == _taken(genuine):
        setattr(owner, name, ours)
    else:
        log.warning("%s is another one than we know: it is slower, and stays", name)


def _taken(function: Any) -> list[tuple[str, Any]] | None:
    """Names and kinds of what a function takes; None where there is no such function."""
    if not callable(function):
        return None
    return [(each.name, each.kind) for each in signature(function).parameters.values()]
