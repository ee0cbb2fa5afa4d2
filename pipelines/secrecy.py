"""Secrets kept out of whatever is shown: problems, traces, records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from pipelines.tree import Map, Secret, Seq
from schemas.problem import Problem

MASK = "•••"
_SHORT = 4  # shorter secrets are hidden where they stand alone: inside texts they would hide words


def secrets_in(tree: Any) -> Iterator[str]:
    """The secrets that a tree holds."""
    if isinstance(tree, Secret):
        yield str(tree)
    for child in tree.values() if isinstance(tree, Map) else tree if isinstance(tree, Seq) else ():
        yield from secrets_in(child)


def hidden(value: Any, secrets: Iterable[str]) -> Any:
    """The value without secrets, at any depth of structs, mappings and lists."""
    if isinstance(value, str):
        for secret in secrets:
            if len(secret) >= _SHORT:
                value = value.replace(secret, MASK)
            elif value == secret:
                return MASK
        return value
    if isinstance(value, bytes):
        text = value.decode("utf-8", "surrogateescape")
        return hidden(text, secrets).encode("utf-8", "surrogateescape")
    if isinstance(value, dict):
        return {hidden(key, secrets): hidden(part, secrets) for key, part in value.items()}
    if isinstance(value, tuple):
        return tuple(hidden(part, secrets) for part in value)
    if isinstance(value, list):
        return [hidden(part, secrets) for part in value]
    if isinstance(value, Struct):
        fields = {name: hidden(getattr(value, name), secrets) for name in value.__struct_fields__}
        return type(value)(**fields)
    return value


def masked(problem: Problem, secrets: Iterable[str]) -> Problem:
    """The problem without secrets in its texts."""
    text, hint = hidden(problem.text, secrets), hidden(problem.hint, secrets)
    return Problem(problem.at, text, hint, problem.severity)
