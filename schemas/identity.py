"""Identities: 128-bit integers laid out as version-8 UUIDs (RFC 9562, section 5.8)."""

import hashlib
import itertools
import os

_LAYOUT = (0xF << 76) | (0x3 << 62)
_VERSION_8 = (0x8 << 76) | (0x2 << 62)
_FREE = ((1 << 128) - 1) ^ _LAYOUT
_PROCESS = int.from_bytes(os.urandom(16)) & (_FREE ^ ((1 << 48) - 1)) | _VERSION_8
_counter = itertools.count(1)


def unique_id() -> int:
    """An id nobody else has: random for the process, counted within it."""
    return _PROCESS | next(_counter)


def stable_id(*parts: str | bytes) -> int:
    """The same id for the same parts, on every machine."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(4) + data)
    return int.from_bytes(digest.digest()) & _FREE | _VERSION_8


def part_id(whole: int, name: str) -> int:
    """A stable id for a part of something; those of one whole lie together in an index."""
    low = (1 << 80) - 1
    return whole & ~low | stable_id(whole.to_bytes(16), name) & low


def pipeline_mask(pipeline: str) -> int:
    """What turns an event's id into the id of the run it starts in this pipeline.

    Its version and variant bits are zero, so that the exclusive or stays a version-8 UUID.
    """
    digest = hashlib.blake2b(pipeline.encode(), digest_size=16).digest()
    return int.from_bytes(digest) & _FREE


def run_id(event: int, mask: int, ordinal: int = 0) -> int:
    """The id of the `ordinal`-th run that an event starts in a pipeline; known to repeats too."""
    return event ^ mask ^ ordinal


def text_id(identity: int) -> str:
    """The id as UUID text."""
    data = identity.to_bytes(16)  # a fifth of the time that uuid.UUID takes
    return f"{data[:4].hex()}-{data[4:10].hex('-', 2)}-{data[10:].hex()}"
