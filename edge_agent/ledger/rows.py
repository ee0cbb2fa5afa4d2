"""Rows waiting for a commit: everything new, and the last state of what is replaced."""

from __future__ import annotations

from collections.abc import Mapping
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
    "versions": ("pipeline", "number"),
    "version_texts": ("hash",),
}
KIND, PAYLOAD, V1, MORE, FORM, DETAIL = 3, 5, 6, 14, 15, 18
_OVERHEAD_BYTES = 1_000  # of a row beside its texts: Python's list, numbers and text headers


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
        tables = [*self.appended.values(), *self.replaced.values()]
        return sum(map(len, tables)) + len(self.owners)

    def drop_owner(self, owner: str) -> None:
        """Forget all slots of an owner, those in the ledger and those waiting here."""
        self.owners.add(owner)
        slots = self.replaced["slots"]
        for key in [key for key in slots if key[0] == owner]:
            del slots[key]

    def merge(self, later: Rows) -> None:
        """Take in what was recorded later."""
        for table, rows in later.appended.items():
            self.appended[table] += rows
        for owner in later.owners:
            self.drop_owner(owner)
        for table, by_key in later.replaced.items():
            self.replaced[table] |= by_key

    def bound(self, most_rows: int, most_bytes: int) -> dict[str, int]:
        """Give up the oldest entries beyond a number or size; what is lost by table."""
        entries = self.entries
        excess = len(entries) - most_rows
        size = sum(
            _OVERHEAD_BYTES + len(row[PAYLOAD] or "") + len(row[DETAIL] or "") for row in entries
        )
        if size > most_bytes:
            excess = max(excess, len(entries) // 4)
        return self.give_up(excess) if excess > 0 else {}

    def give_up(self, number: int) -> dict[str, int]:
        """Forget the oldest entries; what is lost by table."""
        gone, self.entries[:number] = self.entries[:number], []
        lost = {
            "events": sum(1 for row in gone if row[KIND]),
            "readings": sum(sum(v is not None for v in row[V1:MORE]) for row in gone),
            "runs": sum(1 for row in gone if row[FORM] is not None),
        }
        return {table: count for table, count in lost.items() if count}

    def settle(self, last: Mapping[str, int]) -> None:
        """Forget rows numbered up to the last of their table: they were committed after all."""
        for table, number in last.items():
            rows = self.appended[table]
            rows[:] = [row for row in rows if row[0] > number]

    def clean(self) -> None:
        """Make the rows such that DuckDB can take them: texts as UTF-8, numbers that fit."""
        for rows in self.appended.values():
            for row in rows:
                row[:] = map(_clean, row)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 128:
        return None
    return value
