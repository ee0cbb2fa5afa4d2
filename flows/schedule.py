"""Times on the wall: when each scheduled trigger is next due, and what was missed."""

from __future__ import annotations

from collections.abc import Callable

from pipelines.ports import Clock, Handle
from pipelines.trigger import OnTime
from schemas.event import Event
from schemas.identity import stable_id

_LOOK_AGAIN = 60.0
_MOST_MISSED = 100_000


class Schedule:
    """Calls `OnTime` watches when they are due; a next time is looked up at most a minute ahead
    of time, so that a changed clock or a changed setting counts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def watch(self, watch: OnTime, *, after: float | None = None) -> Callable[[], None]:
        """Call the watch at each of its times later than `after` (default: now)."""
        item = _Item(watch, self._clock, after)
        item.plan()
        return item.stop


class _Item:
    def __init__(self, watch: OnTime, clock: Clock, after: float | None) -> None:
        self._watch = watch
        self._clock = clock
        self._after = clock.now() if after is None else after
        self._handle: Handle | None = None
        self._stopped = False

    def plan(self) -> None:
        now = self._clock.now()
        due = self._watch.next_after(self._after)
        wake = now + _LOOK_AGAIN if due is None else min(due, now + _LOOK_AGAIN)
        self._handle = self._clock.call_at(wake, self._wake)

    def stop(self) -> None:
        self._stopped = True
        if self._handle is not None:
            self._handle.cancel()

    def _wake(self) -> None:
        now = self._clock.now()
        due = latest_due(self._watch.next_after, self._after, now)
        if due is not None:
            self._after = due
            self._watch.see(due, timer_event(f"at/{due:.3f}", due, now))
        if not self._stopped:
            self.plan()


def latest_due(
    next_after: Callable[[float], float | None], after: float, now: float
) -> float | None:
    """The last of the times after `after` that are not later than `now`: several missed ones
    count once."""
    latest = None
    for _ in range(_MOST_MISSED):
        due = next_after(after)
        if due is None or due > now:
            break
        latest = after = due
    return latest


def timer_event(source: str, due: float, now: float) -> Event:
    """The event of a deadline; the same deadline has the same identity after a restart."""
    return Event(
        id=stable_id("timer", source, repr(due)),
        ts=due,
        received=now,
        channel="timer",
        source=source,
    )
