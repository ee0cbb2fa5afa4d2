"""Pipelines and triggers known by what they say, not by where they stand: short hashes."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from pipelines.registry import TRIGGERS
from pipelines.tree import Map, Seq


def version(tree: Map) -> str:
    """A short hash of all that a pipeline says, its includes too."""
    return _hash(_text(tree))


def trigger_keys(tree: Map) -> Sequence[str]:
    """A name for each trigger by what it watches; alike ones are counted.

    What stands beside it (`if`, `throttle`) may change without a new name, and inputs count only
    for triggers that mention them.
    """
    triggers, inputs = tree.get("triggers"), _text(tree.get("inputs"))
    seen: Counter[str] = Counter()
    keys = []
    for each in triggers if isinstance(triggers, Seq) else ():
        text = _text(_component(each))
        key = _hash(text + inputs if b"inputs" in text else text)
        keys.append(f"{key}-{seen[key]}" if seen[key] else key)
        seen[key] += 1
    return keys


def _component(entry: Any) -> Any:
    if not isinstance(entry, Map):
        return entry
    return {key: value for key, value in entry.items() if key in TRIGGERS}


def _text(tree: Any) -> bytes:
    return msgspec.json.encode(tree, enc_hook=str)


def _hash(text: bytes) -> str:
    return hashlib.blake2b(text, digest_size=6).hexdigest()
