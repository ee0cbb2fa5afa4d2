"""Rows into Prefect's SQLite file, through a connection and a thread of its own."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from flows.prefect.server.rows import COLUMNS, Conflict, Encoding, Rows
from flows.prefect.server.statements import add_flow, find_flow, give_way, link, upsert
from schemas.identity import stable_id, text_id

T = TypeVar("T")

_PATIENCE = 30.0  # seconds for the lock that Prefect's own connections may hold
_CACHE_KIB = 8192
_WAL_BYTES = 8 << 20


@lru_cache(4096)
def _moment(at: float) -> str:
    """A time as Prefect keeps it here; a span is kept as a time since 1970."""
    second, micros = divmod(round(at * 1e6), 1_000_000)
    return f"{_second(second)}.{micros:06d}"


@lru_cache(64)
def _second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _day(at: float) -> str:
    return _second(int(at))[:10]


def _values(table: str) -> str:
    return f"VALUES ({', '.join('?' * len(COLUMNS[table]))})"


class SqliteWriter:
    """Writes batches, each in one transaction."""

    encoding = Encoding(moment=_moment, span=_moment, written=_day)

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, "hearthflow-rows")
        self._open: sqlite3.Connection | None = None
        self._upserts = {table: upsert(table, _values(table)) for table in COLUMNS}

    async def columns(self) -> Mapping[str, Mapping[str, bool]]:
        """The columns of the tables we write; True for those without a default that need one."""
        return await self._run(self._columns)

    async def flow_ids(self, names: Sequence[str]) -> dict[str, str]:
        """The ids of the flows of these names; those that are not there are made."""
        return await self._run(self._flow_ids, names)

    async def write(self, rows: Rows) -> None:
        """Write all rows or none.

        Raises:
            Conflict: they contradict what is there.
            OSError: the file cannot be written now.
        """
        try:
            await self._run(self._write, rows)
        except sqlite3.IntegrityError as error:
            raise Conflict(str(error)) from error
        except sqlite3.OperationalError as error:
            raise OSError(str(error)) from error

    async def close(self) -> None:
        """Close the file."""
        if self._open is not None:
            await self._run(self._open.close)
        self._thread.shutdown()

    async def _run(self, work: Callable[..., T], *given: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *given)

    def _connection(self) -> sqlite3.Connection:
        if self._open is None:
            self._open = sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None)
            self._open.execute("PRAGMA synchronous = NORMAL")
            self._open.execute("PRAGMA foreign_keys = ON")
            self._open.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            self._open.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        return self._open

    def _columns(self) -> Mapping[str, Mapping[str, bool]]:
        ask = self._connection().execute
        return {
            table: {
                name: bool(needed) and default is None
                for _, name, _, needed, default, _ in ask(f"PRAGMA table_info({table})")
            }
            for table in COLUMNS
        }

    def _flow_ids(self, names: Sequence[str]) -> dict[str, str]:
        execute = self._connection().execute
        for name in names:
            execute(add_flow(lambda number: "?"), (text_id(stable_id("flow", name)), name))
        found = {name: execute(find_flow(lambda number: "?"), (name,)).fetchone() for name in names}
        return {name: row[0] for name, row in found.items()}

    def _write(self, rows: Rows) -> None:
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Runs name their last state and states their run.
            connection.execute("PRAGMA defer_foreign_keys = ON")
            connection.executemany(give_way(lambda number: "?"), rows.late)
            for table, statement in self._upserts.items():
                connection.executemany(statement, rows.tables[table])
            connection.executemany(link(lambda number: f"?{number}"), rows.parents)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
