"""The ledger's public face: the loop appends to lists, a thread commits, readers read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from edge_agent.ledger.asking import Asking
from edge_agent.ledger.committer import Committer
from edge_agent.ledger.cursors import Cursors
from edge_agent.ledger.follower import Follower
from edge_agent.ledger.questions import Questions
from edge_agent.ledger.records import (
    DeviceRow,
    Drop,
    Durable,
    Fact,
    LedgerStats,
    Position,
    Remembered,
)
from edge_agent.ledger.retention import Retention
from edge_agent.ledger.store import StoreOptions
from schemas.device import Change
from schemas.event import Event
from schemas.fields import seconds
from schemas.run import RunRecord, Slot
from schemas.settings import LedgerSettings

_PROVE_EVERY = 0.5
# A broker sends no more than so many messages before they are acknowledged (mosquitto: 20), so
# with its window full and nothing coming a commit is due at once: 400 events/s become 900.
_STALLED, _TICK = 20, 0.01


class Ledger(Questions):
    """Records everything (`flows.ports.Recorder` and more) and answers questions about it.

    The recording calls belong to the event loop's thread and only append to a list.
    """

    def __init__(
        self, committer: Committer, cursors: Cursors, asking: Asking, commit_every: float
    ) -> None:
        super().__init__(cursors, asking)
        self._committer = committer
        self._commit_every = commit_every
        self._records: list[Any] = []
        self._waiters: list[Durable] = []
        self._armed = False
        self._busy = False
        self._urgent = False
        self._before: list[Callable[[], None]] = []
        self._proven: int | None = None
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
        committer = Committer(path, options, Retention(settings), clock)
        cursors = Cursors(lambda number: committer.store.cursors[number], committer.reading)
        asking = Asking(cursors, time_zone, clock)
        return cls(committer, cursors, asking, seconds(settings.commit_every))

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
        if not (self._armed or self._busy):
            return True
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.when_durable(lambda durable: None if done.done() else done.set_result(durable))
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
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time() + self._commit_every
        self._seen = 0
        self._tick()

    def _tick(self) -> None:
        """Hand over when it is time, or when everybody waits for us and nothing more comes."""
        assert self._loop is not None
        left, count = self._due - self._loop.time(), len(self._records)
        stalled = count >= _STALLED and count == self._seen and bool(self._waiters)
        if left <= 0 or stalled:
            self._hand_over()
            return
        self._seen = count
        self._timer = self._loop.call_later(min(left, _TICK), self._tick)

    def _hurry(self) -> None:
        if self._busy:
            self._urgent = True
        else:
            self._timer.cancel()
            self._hand_over()

    def _hand_over(self) -> None:
        for call in self._before:
            call()
        batch = (self._records, self._waiters)
        self._records, self._waiters = [], []
        self._armed, self._busy, self._urgent = False, True, False
        self._committer.hand_over(batch, self._answer)

    def _answer(self, waiters: Sequence[Durable], durable: bool) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._committed, waiters, durable)

    def _committed(self, waiters: Sequence[Durable], durable: bool) -> None:
        self._busy = False
        if self._urgent:
            self._hand_over()
        elif self._armed:
            self._arm()
        for waiter in waiters:
            waiter(durable)

    def follow(self, name: str, *, hold: bool = False) -> Follower:
        """Follow the ledger under a name, from where this name has come; a new one from the start.

        With `hold` retention keeps what this follower has not read, up to `max_size`.
        """
        found = self._cursors.rows("cursor", {"follower": name})
        position = found[0][0] if found else 0
        if not found or found[0][1] != hold:
            self._record(Position(name, position, hold))
        return Follower(
            name, cursors=self._cursors, record=self._record, position=position, hold=hold
        )

    def prove(self, number: int) -> None:
        """Keep a number for `proven`; durable within a second or so."""
        if self._proven is None:
            asyncio.get_running_loop().call_later(_PROVE_EVERY, self._record_proven)
        self._proven = number

    def _record_proven(self) -> None:
        if self._proven is not None:
            self._record(Fact("proven", self._proven))
            self._proven = None

    # ------------------------------------------------------------------ state
    @property
    def healthy(self) -> bool:
        """Whether what is recorded reaches the disk."""
        return self.stats.healthy

    @property
    def stats(self) -> LedgerStats:
        """Figures for metrics and readiness."""
        return self._committer.stats()

    def before_commit(self, call: Callable[[], None]) -> None:
        """Be called on the loop before each commit."""
        self._before.append(call)

    def on_commit(self, tell: Callable[[float], None]) -> None:
        """Be told the seconds of each commit, on the ledger's thread."""
        self._committer.on_commit.append(tell)

    def on_health(self, tell: Callable[[bool], None]) -> None:
        """Be told when recording fails (False) and works again (True), on the ledger's thread."""
        self._committer.on_health.append(tell)

    async def close(self) -> None:
        """Commit what is left, checkpoint and close."""
        self._record_proven()
        await self.flush()
        await asyncio.to_thread(self._cursors.close)
        await asyncio.to_thread(self._committer.close)
