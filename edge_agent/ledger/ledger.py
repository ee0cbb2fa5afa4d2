"""The ledger's public face: the loop appends to lists, a thread commits, readers read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from edge_agent.ledger.committer import Committer
from edge_agent.ledger.reader import Reader
from edge_agent.ledger.records import DeviceRow, Drop, Durable, Latest, LedgerStats, Remembered
from edge_agent.ledger.store import StoreOptions
from schemas.device import Change
from schemas.event import Event
from schemas.fields import seconds
from schemas.run import RunRecord, Slot
from schemas.settings import LedgerSettings


class Ledger:
    """Records everything (`flows.ports.Recorder` and more) and answers questions about it.

    The recording calls belong to the event loop's thread and only append to a list.
    """

    def __init__(self, committer: Committer, reader: Reader, commit_every: float) -> None:
        self._committer = committer
        self._reader = reader
        self._commit_every = commit_every
        self._records: list[Any] = []
        self._waiters: list[Durable] = []
        self._armed = False
        self._busy = False
        self._loop: asyncio.AbstractEventLoop | None = None

    @classmethod
    def open(
        cls,
        path: Path,
        settings: LedgerSettings,
        *,
        time_zone: str = "UTC",
        clock: Callable[[], float] = time.time,
        key: str | None = None,
    ) -> Ledger:
        """Open or make the ledger of a home.

        Raises LedgerBusy when another process holds it, LedgerProblem when it is damaged or newer
        than this software. One that cannot be written opens unhealthy and is tried again.
        """
        options = StoreOptions(memory=settings.memory, time_zone=time_zone, key=key)
        committer = Committer(path, options, clock)
        reader = Reader(lambda number: committer.store.cursors[number], time_zone, clock)
        return cls(committer, reader, seconds(settings.commit_every))

    # ------------------------------------------------------------------ recording
    def message(self, event: Event, changes: Sequence[Change]) -> None:
        """Record an incoming event with the readings it made; before the runs it starts."""
        self._records.append((event, changes))
        if not self._armed:
            self._arm()

    def event(self, event: Event) -> None:
        """Record an internal event."""
        self.message(event, ())

    def run(self, record: RunRecord) -> None:
        """Record a run; a later record with the same id replaces one that had not ended."""
        self._records.append(record)
        if not self._armed:
            self._arm()

    def put(self, slot: Slot) -> None:
        """Keep or replace a slot."""
        self._record(slot)

    def drop(self, owner: str, key: str | None = None) -> None:
        """Forget one slot, or all slots of an owner."""
        self._record(Drop(owner, key))

    def remember(self, key: str, value: Any, ts: float) -> None:
        """Keep a value of `memory`, set at `ts`; None forgets it."""
        self._record(Remembered(key, value, ts))

    def device(self, row: DeviceRow) -> None:
        """Keep or replace a device of the registry."""
        self._record(row)

    def when_durable(self, callback: Durable) -> None:
        """Call back on the loop with True once all recorded so far is committed.

        With False when the ledger is in trouble for longer than a second: what was recorded is
        still tried again, but nobody should wait for it.
        """
        self._waiters.append(callback)
        if not self._armed:
            self._arm()

    async def flush(self) -> bool:
        """Wait until everything recorded so far is committed; False when it cannot be."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.when_durable(lambda durable: done.done() or done.set_result(durable))
        self._hurry()
        return await done

    def _record(self, record: Any) -> None:
        self._records.append(record)
        if not self._armed:
            self._arm()

    def _arm(self) -> None:
        self._armed = True
        if self._busy:
            return  # handed over when the commit under way is done
        loop = self._loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._commit_every, self._hand_over)

    def _hurry(self) -> None:
        if not self._busy:
            self._timer.cancel()
            self._hand_over()

    def _hand_over(self) -> None:
        batch = (self._records, self._waiters)
        self._records, self._waiters = [], []
        self._armed, self._busy = False, True
        self._committer.hand_over(batch, self._answer)

    def _answer(self, waiters: Sequence[Durable], durable: bool) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._committed, waiters, durable)

    def _committed(self, waiters: Sequence[Durable], durable: bool) -> None:
        self._busy = False
        if self._armed:
            self._armed = False
            self._arm()
        for waiter in waiters:
            waiter(durable)

    # ------------------------------------------------------------------ reading
    async def query(
        self,
        sql: str,
        params: Mapping[str, Any] | None = None,
        *,
        limit: int = 10_000,
        timeout: float = 10.0,
    ) -> list[dict[str, Any]]:
        """Rows of a user's read-only SQL, sees everything recorded before. Raises QueryProblem."""
        if self._records:
            await self.flush()
        return await self._reader.query(sql, params or {}, limit=limit, timeout=timeout)

    async def rows(self, name: str, **params: Any) -> list[dict[str, Any]]:
        """Rows of a query of `queries.sql`."""
        if self._records:
            await self.flush()
        return await self._reader.named(name, params)

    def slots(self) -> Sequence[Slot]:
        """Every slot kept, as of the last commit; for the start."""
        return self._reader.slots()

    def latest(self) -> Sequence[Latest]:
        """The last known value of every property; for the start."""
        return self._reader.latest()

    # ------------------------------------------------------------------ state
    @property
    def healthy(self) -> bool:
        """Whether what is recorded reaches the disk."""
        return self.stats.healthy

    @property
    def stats(self) -> LedgerStats:
        """Figures for metrics and readiness."""
        return self._committer.stats()

    def on_commit(self, tell: Callable[[float], None]) -> None:
        """Be told the seconds of each commit, on the ledger's thread."""
        self._committer.on_commit.append(tell)

    async def close(self) -> None:
        """Commit what is left, checkpoint and close."""
        if self._records or self._waiters or self._busy:
            await self.flush()
        self._reader.close()
        await asyncio.to_thread(self._committer.close)
