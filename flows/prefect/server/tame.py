"""SQLite as the Prefect server uses it: writers come in turn, and wait for no thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from flows.prefect.server.fitting import put_in

_CACHE_KIB = 4096  # Prefect's own 80 MB are for each connection of its pool
_SHORT = frozenset({"cursor", "execute", "executemany", "fetchall", "fetchone", "fetchmany"})

turns = asyncio.Lock()
"""Held by whoever writes. SQLite's own way of waiting is to look again, every 100 ms in the end."""


def tame_sqlite() -> None:
    """Begin every transaction IMMEDIATE and in its turn, keep caches small, and spare threads.

    A deferred transaction that reads and then writes fails with "database is locked" (503) when
    another wrote meanwhile; taking the lock first waits instead.
    """
    from prefect.server.database.configurations import AioSqliteConfiguration

    begin, set_up = AioSqliteConfiguration.begin_transaction, AioSqliteConfiguration.setup_sqlite

    @asynccontextmanager
    async def begin_in_turn(
        self: Any, session: Any, with_for_update: bool = False
    ) -> AsyncIterator[Any]:
        async with turns, begin(self, session, with_for_update=True) as transaction:
            yield transaction

    def set_up_small(self: Any, conn: Any, record: Any) -> None:
        set_up(self, conn, record)
        cursor = conn.cursor()
        cursor.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        cursor.execute("PRAGMA journal_size_limit = 8388608")
        cursor.close()

    put_in(AioSqliteConfiguration, "begin_transaction", begin_in_turn)
    put_in(AioSqliteConfiguration, "setup_sqlite", set_up_small)
    _spare_threads()
    _spare_compiling()


def _spare_threads() -> None:
    """Do at once what is sure to be short: statements of who holds the lock.

    aiosqlite hands each call to a thread, four for one statement; each waits for the interpreter,
    5 ms when it is busy, and everybody else for the lock meanwhile. What may wait for the disk or
    for another's lock, and what only reads and may be long, keeps its thread.
    """
    import aiosqlite

    kind: Any = aiosqlite.Connection
    hand_over = kind._execute

    async def execute(self: Any, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        away = self.__dict__.setdefault("_hearthflow_away", [])
        raw = self._connection
        if raw is not None and raw.in_transaction and not away and fn.__name__ in _SHORT:
            return fn(*args, **kwargs)
        away.append(None)

        def back() -> Any:
            try:
                return fn(*args, **kwargs)
            finally:
                away.pop()

        return await hand_over(self, back)

    put_in(kind, "_execute", execute)


def _spare_compiling() -> None:
    """Write events by a statement that is compiled once, as Prefect does it in PostgreSQL.

    Its own for SQLite is another one for each number of rows: a fifth of the server's time.
    """
    from prefect.server.events.storage import database

    ours = getattr(database, "_write_postgres_events", None)
    put_in(database, "_write_sqlite_events", ours)
