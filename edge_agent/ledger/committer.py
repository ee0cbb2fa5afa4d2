"""The ledger thread: commits what the loop hands over, and gets through bad times."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue

from edge_agent.footprint import drop_clean_pages
from edge_agent.ledger import history
from edge_agent.ledger.json_text import to_json
from edge_agent.ledger.packing import Packer, micros
from edge_agent.ledger.problems import LedgerProblem, LedgerUnwritable
from edge_agent.ledger.records import Durable, LedgerStats
from edge_agent.ledger.retention import Retention, prune
from edge_agent.ledger.rows import Rows
from edge_agent.ledger.store import READERS, USERS, BadRow, Store, StoreError, StoreOptions
from edge_agent.ledger.writer import Writer

log = logging.getLogger(__name__)

Answer = Callable[[Sequence[Durable], bool], None]
Batch = tuple[Rows, Sequence[Durable], Answer]

# How long acknowledgements wait for a ledger in trouble before the agent goes on without it.
GRACE = 1.0
_FIRST_RETRY, _LAST_RETRY = 0.25, 5.0
# Memory that a commit or a query needed for a moment is given back so often, and when it has been
# quiet for so long after a commit.
_TIDY_EVERY, _QUIET = 10.0, 2.0
# What is kept in memory in bad times; what is older is given up.
MOST_ROWS, MOST_BYTES = 50_000, 32 << 20


class Trouble:
    """A time in which nothing can be recorded."""

    def __init__(self, reason: str, started: float, lost: dict[str, int]) -> None:
        self.reason = reason
        self.started = started
        self.lost_before = lost
        self._since = time.monotonic()
        self._pause = _FIRST_RETRY
        self._next = self._since + self._pause

    @property
    def lasting(self) -> bool:
        """Whether nobody should wait for its end any longer."""
        return time.monotonic() - self._since > GRACE

    def patience(self) -> float:
        """Seconds until the next try."""
        return max(0.0, self._next - time.monotonic())

    def try_later(self) -> None:
        """Wait for longer after each try that failed."""
        self._pause = min(self._pause * 2, _LAST_RETRY)
        self._next = time.monotonic() + self._pause


class Committer:
    """Owns the store. `hand_over`, `close` and `stats` may be called from any thread."""

    def __init__(
        self, path: Path, options: StoreOptions, retention: Retention, clock: Callable[[], float]
    ) -> None:
        self._path = path
        self._options = options
        self._clock = clock
        self._retention = retention
        self._queue: SimpleQueue[Batch | None] = SimpleQueue()
        self._rows = Rows()
        self._lost: Counter[str] = Counter()
        self._waiting: list[tuple[Sequence[Durable], Answer]] = []
        self._trouble: Trouble | None = None
        self._commits = self._written = 0
        self._commit_seconds = 0.0
        self._tidied = self._committed = time.monotonic()
        self.on_commit: list[Callable[[float], None]] = []
        self.on_health: list[Callable[[bool], None]] = []
        self.reading = [threading.Lock() for _ in range(READERS)]  # each held by a reader at work
        try:
            self.store = Store.open(path, options)
        except LedgerUnwritable as problem:
            self.store = Store.stand_in(path, options)
            self._fail(str(problem), {})
        with contextlib.suppress(StoreError):  # a disk too full to tidy up; the next start will
            prune(self.store)
        self.packer = _packer(self.store)
        self._writer = Writer(self.store)
        self._thread = threading.Thread(target=self._live, name="ledger", daemon=True)
        self._thread.start()

    # ------------------------------------------------------------------ any thread
    def hand_over(self, rows: Rows, waiters: Sequence[Durable], answer: Answer) -> None:
        """Commit these rows, then answer with the waiters; the rows are ours from now on."""
        self._queue.put((rows, waiters, answer))

    def close(self) -> None:
        """Commit what is left and close the file; returns when that is done."""
        self._queue.put(None)
        self._thread.join()

    def stats(self) -> LedgerStats:
        """The figures as they are now."""
        trouble = self._trouble
        return LedgerStats(
            healthy=trouble is None,
            reason="" if trouble is None else trouble.reason,
            commits=self._commits,
            rows=self._written,
            commit_seconds=self._commit_seconds,
            pending=len(self._rows),
            lost=dict(self._lost),
            size_bytes=self._path.stat().st_size if self._path.exists() else 0,
        )

    # ------------------------------------------------------------------ the ledger thread
    def _live(self) -> None:
        while True:
            try:
                item = self._queue.get(timeout=self._patience())
            except Empty:
                self._idle()
                continue
            if item is None:
                break
            rows, waiters, answer = item
            self._waiting.append((waiters, answer))
            if len(self._rows):
                self._rows.merge(rows)
            else:
                self._rows = rows
            if self._trouble is None:
                self._commit()
            else:
                self._get_through()
        if self._trouble is not None:
            self._recover()
        self._answer(False)
        self.store.close()

    def _patience(self) -> float:
        if self._trouble is not None:
            return self._trouble.patience()
        return max(0.0, min(self._retention.due_in(), self._untidy_in()))

    def _untidy_in(self) -> float:
        due = self._tidied + _TIDY_EVERY
        if self._committed > self._tidied:
            due = min(due, self._committed + _QUIET)
        return due - time.monotonic()

    def _idle(self) -> None:
        if self._trouble is not None:
            self._recover()
            return
        try:
            self._retention.work(self.store, self._clock())
        except StoreError as error:
            self._fail(_first_line(error), self._lost)
        if self._untidy_in() <= 0:
            drop_clean_pages()
            self._tidied = time.monotonic()

    def _commit(self) -> None:
        rows = self._rows
        if count := len(rows):
            began = time.perf_counter()
            try:
                self._write(rows)
            except StoreError as error:
                self._fail(_first_line(error), self._lost)
                return
            took = time.perf_counter() - began
            self._committed = time.monotonic()
            self._commits += 1
            self._written += count
            self._commit_seconds += took
            for tell in self.on_commit:
                tell(took)
        self._answer(True)

    def _write(self, rows: Rows) -> None:
        try:
            self._writer.write(rows)
        except BadRow as bad:
            log.warning("a row cannot be recorded as it is", extra={"reason": str(bad)})
            rows.clean()
            self._write_clean(rows)
        self._rows = Rows()

    def _write_clean(self, rows: Rows) -> None:
        try:
            self._writer.write(rows)
        except BadRow as bad:
            log.error("rows cannot be recorded", extra={"reason": str(bad), "rows": len(rows)})
            self._lost.update(rows.give_up(len(rows.entries)))

    def _answer(self, durable: bool) -> None:
        waiting, self._waiting = self._waiting, []
        for waiters, answer in waiting:
            answer(waiters, durable)

    # ------------------------------------------------------------------ bad times
    def _fail(self, reason: str, lost: dict[str, int]) -> None:
        log.error("the ledger cannot record; the agent goes on", extra={"reason": reason})
        self._trouble = Trouble(reason, self._clock(), dict(lost))
        for tell in self.on_health:
            tell(False)

    def _get_through(self) -> None:
        """Keep what memory may hold, and let nobody wait for long."""
        self._lost.update(self._rows.bound(MOST_ROWS, MOST_BYTES))
        if self._trouble is not None and self._trouble.lasting:
            self._answer(False)

    def _recover(self) -> None:
        """Write on; if that fails open the file anew, as DuckDB gives up some databases."""
        trouble = self._trouble
        assert trouble is not None
        trouble.try_later()
        self._get_through()
        if self.store.mode != "file" or not self._resume(trouble):
            self._reopen(trouble)
            if self.store.mode != "file" or not self._resume(trouble):
                return
        self._trouble = None
        log.warning("the ledger records again", extra={"lost": dict(self._lost)})
        for tell in self.on_health:
            tell(True)
        self._answer(True)

    def _reopen(self, trouble: Trouble) -> None:
        nowhere = self.store.mode == "memory"
        with contextlib.suppress(StoreError):
            self.store.cursors[USERS].interrupt()
        with contextlib.ExitStack() as alone:
            for lock in self.reading:
                alone.enter_context(lock)
            self.store.close()
            try:
                self.store = self._opened(nowhere)
            except LedgerProblem as problem:
                trouble.reason = str(problem)
                self.store = Store.stand_in(self._path, self._options, empty=nowhere)
        self._writer = Writer(self.store)
        if self.store.mode == "kept":
            self._settle()

    def _opened(self, nowhere: bool) -> Store:
        store = Store.open(self._path, self._options)
        if nowhere and store.number("last_seq"):
            store.close()
            raise LedgerProblem(
                f"{self._path} has come back after the agent was started without it: "
                "start the agent again"
            )
        return store

    def _settle(self) -> None:
        number = self.store.number
        last = {"entries": "last_entry", "kinds": "last_kind", "items": "last_item"}
        named = last | {"forms": "last_form"}
        self._rows.settle({table: number(name) for table, name in named.items()})

    def _resume(self, trouble: Trouble) -> bool:
        """Write what waits, with a note of the gap; False when that is still impossible."""
        before = trouble.lost_before
        lost = {table: number - before.get(table, 0) for table, number in self._lost.items()}
        gap = [micros(trouble.started), micros(self._clock()), trouble.reason, to_json(lost)]
        try:
            self._settle()
            self._rows.appended["gaps"][:] = [gap]
            self._write(self._rows)
        except StoreError as error:
            trouble.reason = _first_line(error)
            return False
        return True


def _packer(store: Store) -> Packer:
    """Number on from what a store holds."""
    return Packer(
        store.number("last_seq"),
        store.number("last_kind"),
        [(*form, salt and history.number(salt)) for *form, salt in store.rows("forms")],
        [history.number(row[0]) for row in store.rows("open_ids")],
    )


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]
