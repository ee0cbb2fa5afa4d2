"""Reading cursors: one each for our queries, users' and followers', with a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from edge_agent.ledger import sql
from edge_agent.ledger.store import FOLLOWERS, OURS, READERS, USERS, Cursor, StoreError

T = TypeVar("T")

# Who follows has time. With both cores of a small machine busy the event loop would wait for it:
# of events while 8,000 runs are carried to Prefect, p99 10.0 ms, with this 7.9 (6.6 at rest).
_KINDNESS = 15
_FEW = 128  # rows


class Cursors:
    """Runs one query at a time on each cursor; `locks` are held while it does."""

    def __init__(self, cursor: Callable[[int], Cursor], locks: Sequence[threading.Lock]) -> None:
        self._cursor = cursor
        self._queries = sql.queries()
        self._locks = locks
        self._threads = [
            ThreadPoolExecutor(
                1, f"ledger-read-{n}", initializer=_be_kind if n == FOLLOWERS else None
            )
            for n in range(READERS)
        ]

    async def run(self, number: int, work: Callable[[Cursor], T]) -> T:
        """Do something with a cursor, off the loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads[number], self._locked, number, work)

    def _locked(self, number: int, work: Callable[[Cursor], T]) -> T:
        with self._locks[number]:
            return work(self._cursor(number))

    def rows(self, name: str, params: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a query of `queries.sql`; blocks."""
        return self._locked(OURS, lambda cursor: self.named(cursor, name, params))

    async def fetch(self, name: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The rows of a query of `queries.sql`."""
        return await self.run(OURS, lambda cursor: self.named(cursor, name, params))

    def named(
        self, cursor: Cursor, name: str, params: Mapping[str, Any] | None = None
    ) -> list[tuple[Any, ...]]:
        """The rows of a query of `queries.sql` on a cursor in hand."""
        return cursor.execute(self._queries[name], dict(params or {}) or None).fetchall()

    def gently(
        self, cursor: Cursor, name: str, params: Mapping[str, Any]
    ) -> Iterator[tuple[Any, ...]]:
        """The rows of a query for one who has time: a few hold the interpreter for half a
        millisecond, and between them the event loop goes first."""
        cursor.execute(self._queries[name], dict(params))
        while rows := cursor.fetchmany(_FEW):
            yield from rows
            time.sleep(0)

    def interrupt(self, number: int) -> None:
        """Break off what a cursor is doing; it does nothing while the file is opened anew."""
        with contextlib.suppress(StoreError):
            self._cursor(number).interrupt()

    def close(self) -> None:
        """Break off users' queries and stop reading."""
        self.interrupt(USERS)
        for thread in self._threads:
            thread.shutdown()


def _be_kind() -> None:
    """Let all other threads go first; Linux alone has a niceness for each thread."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _KINDNESS)
