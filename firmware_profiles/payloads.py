"""Payloads from the wire: JSON if it parses, else text, else the bytes."""

from typing import Any

import msgspec

_decode = msgspec.json.Decoder().decode


def parse(raw: bytes) -> Any:
    """What a message carries; an empty one is the empty text."""
    try:
        return _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw
