"""Frames between the agent and a model's worker process: four bytes of length, then MessagePack."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

if TYPE_CHECKING:  # a worker does without, and starts sooner
    import asyncio

_LENGTH = struct.Struct("<I")
MOST_BYTES = 64 * 1024 * 1024


def packed(message: Any) -> bytes:
    """A message as a frame."""
    body = msgspec.msgpack.encode(message)
    return _LENGTH.pack(len(body)) + body


def read_frame(stream: BinaryIO) -> Any:
    """The next message; None when the other side is gone."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    body = stream.read(length)
    return msgspec.msgpack.decode(body) if len(body) == length else None


async def receive(reader: asyncio.StreamReader) -> Any:
    """The next message; None when the other side is gone."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        if length > MOST_BYTES:
            return None
        return msgspec.msgpack.decode(await reader.readexactly(length))
    except EOFError:  # asyncio.IncompleteReadError
        return None
