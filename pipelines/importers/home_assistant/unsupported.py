"""What has no equivalent here: why, and where it stood."""

from __future__ import annotations

from msgspec import Struct

from schemas.problem import Position


class Unsupported(Exception):
    """A part of an automation has no equivalent; the text says why."""


class Gap(Struct, frozen=True, order=True):
    """A part of an automation that was left out: where it stood, what it is, why."""

    at: Position
    what: str
    reason: str

    def __str__(self) -> str:
        return f"{self.at}: {self.what}: {self.reason}"
