"""What the outputs of a step depend on, so that they can be taken again: `cache`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from pipelines.scope import Expr, Scope


def depends_on(fields: Any, expressions: Sequence[Expr]) -> Expr:
    """A text that changes when what the fields say does, or what one of their expressions gives."""
    said = msgspec.json.encode(fields, enc_hook=str)

    def key(scope: Scope) -> str:
        found = [expression(scope) for expression in expressions]
        given = msgspec.json.encode(found, enc_hook=str)
        return hashlib.blake2b(said + given, digest_size=16).hexdigest()

    return key


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a tree."""
    if isinstance(value, str):
        yield value
        return
    children: Iterable[Any] = ()
    if isinstance(value, dict):
        children = value.values()
    elif isinstance(value, list):
        children = value
    for child in children:
        yield from texts_in(child)
