"""Rows waiting for a commit: everything new, and the last state of what is replaced."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Row = list[Any]

TABLES = ("kinds", "items", "forms", "entries", "gaps")
KEYS = {
    "slots": ("owner", "key"),
    "memory": ("key",),
    "registry": ("key",),
    "cursors": ("follower",),
    "facts": ("name",),
    "open_runs": ("id",),
}
KIND, PAYLOAD, V1, MORE, FORM, DETAIL = 3, 5, 6, 14, 15, 18
_OVERHEAD_BYTES = 1_000  # of a row beside its texts, measured with Python's own lists and numbers


class Rows:
    """What the next commit writes.

    `appended` are new rows by table, `replaced` rows by table and key (None: removed), `owners`
    those whose slots go first. `mergeable` are rows of events that a run may still join.
    """

    __slots__ = ("appended", "entries", "mergeable", "owners", "replaced")

    def __init__(self) -> None:
        self.appended: dict[str, list[Row]] = {name: [] for name in TABLES}
        self.entries = self.appended["entries"]
        self.replaced: dict[str, dict[Any, Row | None]] = {name: {} for name in KEYS}
        self.owners: set[str] = set()
        self.mergeable: dict[int, Row] = {}

    def __len__(self) -> int:
        tables: Iterator[Any] = iter([*self.appended.values(), *self.replaced.values()])
        return sum(map(len, tables)) + len(self.owners)

    def size_bytes(self) -> int:
        """About how much memory the entries take."""
        return sum(
            _OVERHEAD_BYTES + len(row[PAYLOAD] or "") + len(row[DETAIL] or "")
            for row in self.entries
        )

    def give_up(self, number: int) -> dict[str, int]:
        """Forget the oldest entries; what is lost by table."""
        gone, self.entries[:number] = self.entries[:number], []
        self.mergeable.clear()
        lost = {
            "events": sum(1 for row in gone if row[KIND]),
            "readings": sum(sum(v is not None for v in row[V1:MORE]) for row in gone),
            "runs": sum(1 for row in gone if row[FORM] is not None),
        }
        return {table: count for table, count in lost.items() if count}
