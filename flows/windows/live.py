"""A live window: takes rows in, fires for what is complete, and can be taken up after a crash.

It follows the ledger as a reader with a cursor: every reading is in the ledger anyway, so nothing
is written for a reading. Now and then (a *checkpoint*) the states go to the slots together with
the position in the record up to which they count; after a start the readings recorded since are
taken in once more. A window that a reading completed is recorded together with that reading, and
what the clock completes is followed by a checkpoint in the same commit. So readings that were
committed count once, those that were not come again and count then.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from flows.slots import SlotStore
from flows.windows.event_clock import EventClock
from flows.windows.store import LATE, TAKEN, Complete, Store
from pipelines.ports import Past, Slots
from schemas.event import Event

log = logging.getLogger(__name__)

Emit = Callable[[Complete, int, int], None]
"""What is done with a complete window: the time, and how many readings were late in all."""

_KEY = "window"  # the slot of what is small

# A checkpoint comes after so many records at the latest: a start reads them in 0.1 s.
_MOST_BEHIND = 20_000
# After a start the broker may still hold readings of windows that have ended meanwhile.
_SETTLING, _WITHOUT_BROKER, _SWAP = 2_000_000, 60_000_000, 300_000
# A planned look is left as it is when the next is only a little earlier.
_CLOSE_ENOUGH = 1_000_000


class Live:
    """One window trigger that is armed; times are microseconds."""

    def __init__(
        self,
        store: Store,
        clock: EventClock,
        *,
        slots: Slots,
        past: Past,
        now: Callable[[], float],
        emit: Emit,
        by: tuple[int, ...],
        name: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._slots = slots
        self._past = past
        self._now = now
        self._emit = emit
        self._by = by
        self._name = name
        self._limit = self._hold = self._since = 0
        self._due: int | None = None
        self._behind = False
        self._missed: Counter[str] = Counter()
        self._kept: dict[str, Any] = {}

    # ------------------------------------------------------------------ readings
    def take(self, row: tuple[Any, ...], event: Event) -> None:
        """Take a row in; what its time completes comes first."""
        self._take(row, event, self._emit)
        end = self._store.next_end()
        if end is not None:
            due = max(self._clock.due(end), self._hold)
            if self._due is None or due < self._due - _CLOSE_ENOUGH:
                self._plan(due)
        if not self._behind and self._past.position() - self._since > _MOST_BEHIND:
            self._behind = True
            self._plan(0)

    def _take(self, row: tuple[Any, ...], event: Event, emit: Emit) -> None:
        us, received = int(row[0] * 1e6 + 0.5), int(event.received * 1e6 + 0.5)
        set_back = self._clock.saw(us, received)
        watermark = self._clock.watermark
        if set_back or watermark > self._limit:
            self._limit = watermark
        end = self._store.next_end()
        if end is not None and end <= self._limit:
            for complete in self._store.close(self._limit):
                emit(complete, received, self._missed[LATE])
        told = self._store.take(tuple([row[place] for place in self._by]), us, row, self._limit)
        if told is not TAKEN:
            self._miss(told)

    def _miss(self, reason: str) -> None:
        self._missed[reason] += 1
        if self._missed[reason] == 1:
            log.warning(
                "readings do not count in their window: they came too late"
                if reason is LATE
                else "readings do not count in their window: it has too many groups",
                extra={"window": self._name},
            )

    # ------------------------------------------------------------------ restarts
    def take_up(self, read: Callable[[int], Any]) -> None:
        """Restore what was kept and take in what was recorded since (`read` gives it)."""
        kept = self._slots.get(_KEY)
        if kept is not None:
            self._restore(kept)
            for row, event in read(self._since):
                self._take(row, event, _nobody)
            if self._store.next_end() is not None:
                self._wait_for_broker(kept["put"])
        self._slots.on_due(self._look)
        self._slots.on_close(self.checkpoint)
        self.checkpoint()

    def settle(self, event: Event) -> None:
        """The broker is connected: wait for what it has kept, then go on."""
        if self._hold:
            self._hold = int(self._now() * 1e6) + _SETTLING
            self.checkpoint()

    def checkpoint(self) -> None:
        """Keep everything as of now; only between events."""
        for key, kept in self._store.unsaved():
            if kept is None:
                self._slots.drop(key)
            else:
                self._slots.put(key, json.dumps(kept))  # as text: JSON's own has no NaN
        self._since, self._behind = self._past.position(), False
        self._kept = {
            "since": self._since,
            "limit": self._limit,
            "clock": self._clock.kept(),
            "missed": dict(self._missed),
        }
        end = self._store.next_end()
        self._plan(None if end is None else max(self._clock.due(end), self._hold))

    def _restore(self, kept: dict[str, Any]) -> None:
        self._limit = kept["limit"]
        self._since = min(kept["since"], self._past.position())
        self._missed.update(kept["missed"])
        self._clock.restore(kept["clock"])
        for key in self._slots.keys():  # noqa: SIM118
            if key != _KEY:
                self._store.restore(key, json.loads(self._slots.get(key)))

    def _wait_for_broker(self, put: int) -> None:
        now = int(self._now() * 1e6)
        if now - put > _SWAP:
            self._hold = now + _WITHOUT_BROKER

    # ------------------------------------------------------------------ deadlines
    def _look(self, key: str, kept: Any, event: Event) -> None:
        """The clock may have completed windows."""
        now = int(self._now() * 1e6)
        if now >= self._hold:
            self._hold = 0
            self._limit = max(self._limit, self._clock.watermark_at(now))
            for complete in self._store.close(self._limit):
                self._emit(complete, now, self._missed[LATE])
        self.checkpoint()

    def _plan(self, due: int | None) -> None:
        """Look again when it is due; what is kept is still as of the last checkpoint."""
        self._due = due
        state = self._kept | {"put": int(self._now() * 1e6)}
        self._slots.put(_KEY, state, None if due is None else due / 1e6)


def _nobody(complete: Complete, now: int, late: int) -> None:
    """What the record completes was fired when it was recorded."""


def missed_readings(store: SlotStore) -> Mapping[str, float]:
    """How many readings no window could count, by reason, as of the last checkpoints."""
    missed: Counter[str] = Counter()
    for owner in store.owners("trigger/"):
        kept = store.view(owner).get(_KEY)
        if isinstance(kept, dict):
            missed.update(kept.get("missed", {}))
    return missed
