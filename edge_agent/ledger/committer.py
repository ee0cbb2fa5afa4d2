"""The ledger thread: packs what the loop hands over, commits it, and gets through bad times."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from edge_agent.ledger.packing import Packer, micros, to_json
from edge_agent.ledger.problems import LedgerProblem, LedgerUnwritable
from edge_agent.ledger.records import DeviceRow, Drop, Durable, LedgerStats, Remembered
from edge_agent.ledger.rows import Rows
from edge_agent.ledger.store import Store, StoreError, StoreOptions
from edge_agent.ledger.writer import Writer
from schemas.run import RunRecord, Slot

log = logging.getLogger(__name__)

Batch = tuple[Sequence[Any], Sequence[Durable]]
Answer = Callable[[Sequence[Durable], bool], None]
Task = Callable[[], None]

MAX_ROWS = 50_000
MAX_BYTES = 32 << 20
# How long acknowledgements wait for a ledger in trouble before the agent goes on without it.
GRACE = 1.0
_FIRST_RETRY, _LAST_RETRY = 0.25, 15.0


class Committer:
    """Owns the store. `hand_over` and `ask` may be called from any thread; the rest runs here."""

    def __init__(self, path: Path, options: StoreOptions, clock: Callable[[], float]) -> None:
        self._path = path
        self._options = options
        self._clock = clock
        self._queue: SimpleQueue[tuple[Batch, Answer] | Task | None] = SimpleQueue()
        self._rows = Rows()
        self._waiting: list[tuple[Sequence[Durable], Answer]] = []
        self._trouble: float | None = None
        self._retry = _FIRST_RETRY
        self.reason = ""
        self.lost: dict[str, int] = {}
        self.commits = 0
        self.written = 0
        self.commit_seconds = 0.0
        self.on_commit: list[Callable[[float], None]] = []
        self.writable = True
        self._open()
        self._thread = threading.Thread(target=self._live, name="ledger", daemon=True)
        self._thread.start()

    # ------------------------------------------------------------------ any thread
    def hand_over(self, batch: Batch, answer: Answer) -> None:
        """Commit these records, then answer."""
        self._queue.put((batch, answer))

    def ask(self, task: Task) -> None:
        """Do something with the store between two commits."""
        self._queue.put(task)

    def close(self) -> None:
        """Commit what is left and close the file; returns when that is done."""
        self._queue.put(None)
        self._thread.join()

    def stats(self) -> LedgerStats:
        """The figures as they are now."""
        try:
            size = self._path.stat().st_size
        except OSError:
            size = 0
        return LedgerStats(
            healthy=self._trouble is None,
            reason=self.reason,
            commits=self.commits,
            rows=self.written,
            commit_seconds=self.commit_seconds,
            pending=len(self._rows),
            lost=dict(self.lost),
            size_bytes=size,
        )

    # ------------------------------------------------------------------ the ledger thread
    def _live(self) -> None:
        while True:
            timeout = None if self._trouble is None else self._retry
            try:
                item = self._queue.get(timeout=timeout)
            except Empty:
                self._recover()
                continue
            if item is None:
                break
            if callable(item):
                item()
            else:
                (records, waiters), answer = item
                for record in records:
                    _TAKE[type(record)](self, record)
                self._waiting.append((waiters, answer))
                self._commit()
        if self._trouble is not None:
            self._recover()
        self._answer(False)
        self.store.close()

    def _commit(self) -> None:
        rows = self._rows
        if self._trouble is not None:
            self._bound()
            if time.monotonic() - self._trouble > GRACE:
                self._answer(False)
            return
        count = len(rows)
        if count:
            began = time.perf_counter()
            try:
                self._writer.write(rows)
            except StoreError as error:
                self._fail(str(error).split("\n", 1)[0])
                return
            took = time.perf_counter() - began
            self.commits += 1
            self.written += count
            self.commit_seconds += took
            self._rows = Rows()
            for tell in self.on_commit:
                tell(took)
        self._answer(True)

    def _answer(self, durable: bool) -> None:
        waiting, self._waiting = self._waiting, []
        for waiters, answer in waiting:
            answer(waiters, durable)

    # ------------------------------------------------------------------ bad times
    def _fail(self, reason: str) -> None:
        if self._trouble is None:
            self._trouble = time.monotonic()
            self._since = self._clock()
            self._retry = _FIRST_RETRY
            self.lost_before = dict(self.lost)
            log.error("ledger cannot record; the agent goes on", extra={"reason": reason})
        self.reason = reason
        self._bound()

    def _recover(self) -> None:
        """Open the file again and write what waits."""
        if self._trouble is not None and time.monotonic() - self._trouble > GRACE:
            self._answer(False)
        self._retry = min(self._retry * 2, _LAST_RETRY)
        packer = self._packer
        try:
            self.store.close()
            self.store = Store.open(self._path, self._options)
        except LedgerProblem as problem:
            self.reason = str(problem)
            self.store = Store.open(None, self._options)
            return
        self._writer = Writer(self.store)
        self._packer = packer
        self.writable = True
        self._note_gap()
        try:
            self._writer.write(self._rows)
        except StoreError as error:
            self._rows.gaps.pop()
            self._fail(str(error).split("\n", 1)[0])
            return
        self._rows = Rows()
        self._trouble, self.reason = None, ""
        log.warning("ledger records again", extra={"lost": self.lost})
        self._answer(True)

    def _note_gap(self) -> None:
        lost = {
            table: number - self.lost_before.get(table, 0) for table, number in self.lost.items()
        }
        gap = [micros(self._since), micros(self._clock()), self.reason, to_json(lost)]
        self._rows.gaps.append(gap)

    def _bound(self) -> None:
        """Give up the oldest rows beyond what memory may hold."""

    # ------------------------------------------------------------------ opening
    def _open(self) -> None:
        try:
            self.store = Store.open(self._path, self._options)
        except LedgerUnwritable as problem:
            self.store = Store.open(None, self._options)
            self.writable = False
            self._begin()
            self._fail(str(problem))
        else:
            self._begin()

    def _begin(self) -> None:
        self._writer = Writer(self.store)
        execute = self.store.connection.execute
        seq = max(
            execute("SELECT coalesce(max(seq), 0) FROM entries").fetchall()[0][0],
            execute("SELECT coalesce(max(seq), 0) FROM open_runs").fetchall()[0][0],
        )
        kinds = execute("SELECT coalesce(max(id), 0) FROM kinds").fetchall()[0][0]
        forms = execute("SELECT * FROM forms").fetchall()
        open_runs = [row[0] for row in execute("SELECT id FROM open_runs").fetchall()]
        self._packer = Packer(seq, kinds, forms, open_runs)

    # ------------------------------------------------------------------ records
    def _take_event(self, record: tuple[Any, Any]) -> None:
        self._packer.event(self._rows, *record)

    def _take_run(self, record: RunRecord) -> None:
        self._packer.run(self._rows, record)

    def _take_slot(self, slot: Slot) -> None:
        self._rows.slots[slot.owner, slot.key] = slot

    def _take_drop(self, drop: Drop) -> None:
        slots = self._rows.slots
        if drop.key is not None:
            slots[drop.owner, drop.key] = None
            return
        self._rows.owners.add(drop.owner)
        for name in [name for name in slots if name[0] == drop.owner]:
            del slots[name]

    def _take_memory(self, record: Remembered) -> None:
        row = [record.key, to_json(record.value), micros(record.ts)]
        self._rows.memory[record.key] = row

    def _take_device(self, device: DeviceRow) -> None:
        seen = None if device.last_seen is None else micros(device.last_seen)
        self._rows.devices[device.key] = [
            device.key,
            device.name,
            device.firmware,
            device.area,
            to_json(device.labels),
            device.available,
            seen,
            to_json(device.state),
            self._packer.seq,
        ]


_TAKE: dict[type, Callable[[Committer, Any], None]] = {
    tuple: Committer._take_event,
    RunRecord: Committer._take_run,
    Slot: Committer._take_slot,
    Drop: Committer._take_drop,
    Remembered: Committer._take_memory,
    DeviceRow: Committer._take_device,
}
