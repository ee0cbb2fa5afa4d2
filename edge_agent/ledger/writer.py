"""One commit: appended rows, replaced rows and removed rows in a single transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from edge_agent.ledger.rows import KEYS, Row, Rows
from edge_agent.ledger.store import ROW_ERRORS, Appender, BadRow, Store, StoreError

Action = Literal["insert", "upsert", "delete"]


class Writer:
    """Writes `Rows`; appenders are kept, as making one costs 0.4 ms and a row 2 µs."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._appenders: dict[tuple[str, Action], Appender] = {}

    def write(self, rows: Rows) -> None:
        """Commit the rows, all or none.

        Raises StoreError when the disk or DuckDB fails, BadRow when a row cannot be stored.
        """
        try:
            if len(rows) == len(rows.entries):
                # An appender's flush is a transaction of its own: begin and commit cost 0.3 ms.
                self._put("entries", rows.entries)
            else:
                self._write_all(rows)
        except (StoreError, *ROW_ERRORS) as error:
            self._appenders.clear()
            self._store.rollback()
            if isinstance(error, ROW_ERRORS):
                raise BadRow(str(error)) from error
            raise

    def _write_all(self, rows: Rows) -> None:
        execute = self._store.connection.execute
        execute("BEGIN")
        for table, new in rows.appended.items():
            self._put(table, new)
        if rows.owners:
            owners = [[owner] for owner in rows.owners]
            self._store.connection.executemany("DELETE FROM slots WHERE owner = ?", owners)
        for table, by_key in rows.replaced.items():
            if by_key:
                gone = [list(key) for key, row in by_key.items() if row is None]
                self._put(table, gone, "delete")
                self._put(table, [row for row in by_key.values() if row is not None], "upsert")
        execute("COMMIT")

    def _put(self, table: str, rows: Sequence[Row], action: Action = "insert") -> None:
        if not rows:
            return
        appender = self._appenders.get((table, action))
        if appender is None:
            key = list(KEYS[table]) if action == "delete" else None
            appender = self._store.connection.appender(table, action=action, key=key)
            self._appenders[table, action] = appender
        appender.append_rows(rows)
        appender.flush()
