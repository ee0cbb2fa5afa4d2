"""One commit: appended rows, replaced rows and removed rows in a single transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from edge_agent.ledger.packing import to_json
from edge_agent.ledger.rows import Rows
from edge_agent.ledger.store import Appender, Store, StoreError

_KEYS = {
    "slots": ["owner", "key"],
    "memory": ["key"],
    "registry": ["key"],
    "cursors": ["follower"],
    "open_runs": ["id"],
}
Action = Literal["insert", "upsert", "delete"]


class Writer:
    """Writes `Rows`; appenders are kept, as making one costs 0.4 ms and a row 2 µs."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._appenders: dict[tuple[str, Action], Appender] = {}

    def write(self, rows: Rows) -> None:
        """Commit the rows, all or none. Raises StoreError."""
        execute = self._store.connection.execute
        try:
            if len(rows) == len(rows.entries):  # an appender's flush is a transaction of its own,
                self._put("entries", rows.entries)  # and begin and commit cost 0.3 ms
                return
            execute("BEGIN")
            self._append(rows)
            self._replace(rows)
            execute("COMMIT")
        except StoreError:
            self._appenders.clear()
            self._store.rollback()
            raise

    def _append(self, rows: Rows) -> None:
        self._put("kinds", rows.kinds)
        self._put("items", rows.items)
        self._put("forms", rows.forms)
        self._put("entries", rows.entries)
        self._put("gaps", rows.gaps)

    def _replace(self, rows: Rows) -> None:
        if rows.owners:
            owners = [[owner] for owner in rows.owners]
            self._store.connection.executemany("DELETE FROM slots WHERE owner = ?", owners)
        if rows.slots:
            gone = [list(name) for name, slot in rows.slots.items() if slot is None]
            kept = [
                [slot.owner, slot.key, to_json(slot.value), slot.due]
                for slot in rows.slots.values()
                if slot is not None
            ]
            self._put("slots", gone, "delete")
            self._put("slots", kept, "upsert")
        if rows.open_runs:
            self._put("open_runs", [[i] for i, r in rows.open_runs.items() if r is None], "delete")
            self._put("open_runs", [r for r in rows.open_runs.values() if r is not None], "upsert")
        self._put("memory", list(rows.memory.values()), "upsert")
        self._put("registry", list(rows.devices.values()), "upsert")
        self._put("cursors", list(rows.cursors.values()), "upsert")

    def _put(self, table: str, rows: Sequence[Sequence[Any]], action: Action = "insert") -> None:
        if not rows:
            return
        appender = self._appenders.get((table, action))
        if appender is None:
            key = _KEYS[table] if action == "delete" else None
            appender = self._store.connection.appender(table, action=action, key=key)
            self._appenders[table, action] = appender
        appender.append_rows(rows)
        appender.flush()
