"""What an anomaly model says of a sensor's value."""

from __future__ import annotations

from msgspec import Struct


class Judged(Struct, frozen=True):
    """A value, what was expected instead, and how unusual that is: `score` from 0 to 1."""

    score: float
    expected: float
    value: float
