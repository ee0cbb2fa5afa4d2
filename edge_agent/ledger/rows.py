"""Rows waiting for a commit: everything new, and the last state of what is replaced."""

from __future__ import annotations

from typing import Any

from schemas.run import Slot

Row = list[Any]


class Rows:
    """What the next commit writes. Appended tables by name, replaced ones by key (None: gone)."""

    __slots__ = (
        "cursors", "devices", "entries", "forms", "gaps", "items", "kinds", "memory", "mergeable",
        "open_runs", "owners", "slots",
    )  # fmt: skip

    def __init__(self) -> None:
        self.entries: list[Row] = []
        self.kinds: list[Row] = []
        self.items: list[Row] = []
        self.forms: list[Row] = []
        self.gaps: list[Row] = []
        self.open_runs: dict[int, Row | None] = {}
        self.slots: dict[tuple[str, str], Slot | None] = {}
        self.owners: set[str] = set()
        self.memory: dict[str, Row] = {}
        self.devices: dict[str, Row] = {}
        self.cursors: dict[str, Row] = {}
        self.mergeable: dict[int, Row] = {}

    def __len__(self) -> int:
        return sum(
            len(rows)
            for rows in (
                self.entries, self.kinds, self.items, self.forms, self.gaps, self.open_runs,
                self.slots, self.owners, self.memory, self.devices, self.cursors,
            )
        )  # fmt: skip
