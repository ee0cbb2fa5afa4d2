"""What both kinds of windows offer, and a window that is complete."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from msgspec import Struct

Group = tuple[Any, ...]
States = list[list[Any]]

MOST_GROUPS = 10_000
TAKEN, LATE, CROWDED = "", "late", "crowded"


class Complete(Struct, frozen=True):
    """A window that has ended: its group, its bounds in microseconds, its states."""

    group: Group
    start: int
    end: int
    states: States


class Store(Protocol):
    """Windows that are open; times are microseconds."""

    def take(self, group: Group, us: int, row: tuple[Any, ...], limit: int) -> str:
        """Take a row into the windows of its time; what ended by `limit` is closed.

        Tells TAKEN, LATE (a window had to do without it) or CROWDED (too many groups).
        """

    def close(self, watermark: int) -> list[Complete]:
        """The windows that are complete at this event time, in order."""

    def next_end(self) -> int | None:
        """The event time at which the next window will be complete."""

    def unsaved(self) -> Iterable[tuple[str, Any]]:
        """What has changed since the last call: key, and what JSON can say of it (None: gone)."""

    def restore(self, key: str, kept: Any) -> None:
        """Take up what `unsaved` told."""
