"""The recording side: the event loop packs rows, and hands them over for a commit now and then."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from edge_agent.ledger.committer import Committer
from edge_agent.ledger.json_text import to_json
from edge_agent.ledger.packing import micros
from edge_agent.ledger.records import DeviceRow, Durable, VersionRow
from edge_agent.ledger.rows import Row, Rows
from schemas.device import Change
from schemas.event import Event
from schemas.run import RunRecord, Slot

# A broker sends no more than so many messages before they are acknowledged (mosquitto: 20), so
# with its window full and nothing coming a commit is due at once: 400 events/s become 900.
_STALLED, _TICK = 10, 0.01
# With 256, what a thousand devices have sent has left the processor's second cache (2 MB) until it
# is packed: 67 µs an event on the loop, with 48 it is 61; with few devices no difference (54, 57).
_MOST_UNPACKED = 48
_PROVE_EVERY = 0.5


class Recording:
    """`flows.ports.Recorder` and more. Every call belongs to the event loop's thread.

    Rows are packed here and not on the ledger's thread: two threads that both want the
    interpreter wait 5 ms for each other, and events kept until then took 100 MB under load. They
    are packed a few at a time: one after the other costs half of what it costs in between
    (measured; the processor's caches hold packing, or handling a message, but not both).
    """

    def __init__(self, committer: Committer, commit_every: float) -> None:
        self._committer = committer
        self._packer = committer.packer
        self._commit_every = commit_every
        self._rows = Rows()
        self._messages: deque[tuple[Event, Sequence[Change]]] = deque()
        self._ended: deque[RunRecord] = deque()
        self._waiters: list[Durable] = []
        self._armed = self._busy = self._urgent = False
        self._before: list[Callable[[], None]] = []
        self._proven: int | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    # ------------------------------------------------------------------ what is recorded
    def message(self, event: Event, changes: Sequence[Change]) -> None:
        """Record an incoming event with the readings it made; before the runs it starts."""
        self._messages.append((event, changes))
        if len(self._messages) >= _MOST_UNPACKED:
            self._pack()
        if not self._armed:
            self._arm()

    def event(self, event: Event) -> None:
        """Record an internal event."""
        self.message(event, ())

    def run(self, record: RunRecord) -> None:
        """Record a run; a later record with the same id replaces one that had not ended."""
        self._ended.append(record)
        if record.finished is None:  # what it holds goes on changing
            self._pack()
        if not self._armed:
            self._arm()

    def put(self, slot: Slot) -> None:
        """Keep or replace a slot."""
        row = [slot.owner, slot.key, to_json(slot.value), slot.due]
        self._replace("slots", (slot.owner, slot.key), row)

    def drop(self, owner: str, key: str | None = None) -> None:
        """Forget one slot, or all slots of an owner."""
        if key is not None:
            self._replace("slots", (owner, key), None)
            return
        self._rows.drop_owner(owner)
        if not self._armed:
            self._arm()

    def remember(self, key: str, value: Any, ts: float) -> None:
        """Keep a value of `memory`, set at `ts`; None forgets it."""
        row = None if value is None else [key, to_json(value), micros(ts)]
        self._replace("memory", (key,), row)

    def device(self, row: DeviceRow) -> None:
        """Keep or replace a device of the registry."""
        seen = None if row.last_seen is None else micros(row.last_seen)
        labels, state = to_json(row.labels), to_json(row.state)
        kept = [row.key, row.name, row.firmware, row.area, labels, row.available, seen, state]
        self._replace("registry", (row.key,), kept)

    def version(self, row: VersionRow) -> None:
        """Keep or replace a version of a pipeline."""
        kept = [row.pipeline, row.number, row.version, micros(row.accepted), row.note, row.file]
        kept += [to_json(row.place), to_json(row.files)]
        self._replace("versions", (row.pipeline, row.number), kept)

    def forget_version(self, pipeline: str, number: int) -> None:
        """Drop a version of a pipeline; its texts go at a later start."""
        self._replace("versions", (pipeline, number), None)

    def version_text(self, name: str, text: str) -> None:
        """Keep the text that versions name by this hash."""
        self._replace("version_texts", (name,), [name, text])

    def prove(self, number: int) -> None:
        """Keep a number for `proven`; durable within a second or so."""
        if self._proven is None:
            asyncio.get_running_loop().call_later(_PROVE_EVERY, self._keep_proven)
        self._proven = number

    def position(self) -> int:
        """The number of the last row recorded."""
        self._pack()
        return self._packer.seq

    def _pack(self) -> None:
        """Make rows of what has come; runs after the events that started them."""
        rows, packer, messages, ended = self._rows, self._packer, self._messages, self._ended
        while messages:
            event, changes = messages.popleft()
            packer.event(rows, event, changes)
        while ended:
            packer.run(rows, ended.popleft())

    def _keep_proven(self) -> None:
        if self._proven is not None:
            self._replace("facts", ("proven",), ["proven", self._proven])
            self._proven = None

    def _keep_position(self, follower: str, seq: int | None, hold: bool) -> None:
        row = None if seq is None else [follower, seq, hold]
        self._replace("cursors", (follower,), row)

    def _replace(self, table: str, key: tuple[str | int, ...], row: Row | None) -> None:
        self._rows.replaced[table][key] = row
        if not self._armed:
            self._arm()

    # ------------------------------------------------------------------ when it is committed
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
        if self._busy:
            self._urgent = True
        else:
            self._timer.cancel()
            self._hand_over()
        return await done

    def before_commit(self, call: Callable[[], None]) -> None:
        """Be called on the loop before each commit."""
        self._before.append(call)

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
        self._pack()
        left, count = self._due - self._loop.time(), len(self._rows.entries)
        stalled = count >= _STALLED and count == self._seen and bool(self._waiters)
        if left <= 0 or stalled:
            self._hand_over()
            return
        self._seen = count
        self._timer = self._loop.call_later(min(left, _TICK), self._tick)

    def _hand_over(self) -> None:
        for call in self._before:
            call()
        self._pack()
        rows, waiters = self._rows, self._waiters
        self._rows, self._waiters = Rows(), []
        self._armed, self._busy, self._urgent = False, True, False
        self._committer.hand_over(rows, waiters, self._answer)

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
