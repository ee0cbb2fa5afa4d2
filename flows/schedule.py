"""Times on the wall: when each scheduled trigger is next due, and what was missed."""

from __future__ import annotations

from collections.abc import Callable

from flows.clock_changes import CORRECTION
from pipelines.ports import Clock, Handle
from pipelines.trigger import OnTime
from schemas.event import Event
from schemas.identity import stable_id

_LOOK_AGAIN = 60.0


class Schedule:
    """Calls `OnTime` watches when they are due; a next time is looked up at most a minute ahead
    of time, so that a changed clock or a changed setting counts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._items: set[_Item] = set()

    def watch(
        self, watch: OnTime, *, after: float | None = None, anew: Callable[[], float] | None = None
    ) -> Callable[[], None]:
        """Call the watch at each of its times later than `after` (default: now); `anew` gives it
        again when the clock has been set to another time (default: now)."""
        item = _Item(watch, self._clock, after, anew or self._clock.now)
        self._items.add(item)
        item.plan()

        def detach() -> None:
            self._items.discard(item)
            item.stop()

        return detach

    def clock_set(self, by: float) -> None:
        """Somebody has set the clock: look again when each watch is next due."""
        for item in tuple(self._items):
            item.clock_set(by)


class _Item:
    def __init__(
        self, watch: OnTime, clock: Clock, after: float | None, anew: Callable[[], float]
    ) -> None:
        self._watch = watch
        self._clock = clock
        self._after = clock.now() if after is None else after
        self._anew = anew
        self._handle: Handle | None = None
        self._stopped = False

    def plan(self) -> None:
        now = self._clock.now()
        due = self._watch.next_after(self._after)
        wake = now + _LOOK_AGAIN if due is None else min(due, now + _LOOK_AGAIN)
        self._handle = self._clock.call_at(wake, self._wake)

    def clock_set(self, by: float) -> None:
        if abs(by) > CORRECTION:
            self._after = self._anew()
        if self._watch.beats:
            self._after = min(self._after, self._clock.now())
        if self._handle is not None:
            self._handle.cancel()
        self.plan()

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
    count once. Found by halving: `every: 1s` missed for weeks costs no more than a day's job."""
    latest, high = _due_by(next_after, after, now), now
    while latest is not None and (later := _due_by(next_after, latest, now)) is not None:
        middle = (later + high) / 2
        beyond = _due_by(next_after, middle, now)
        if beyond is None:
            latest, high = later, middle
        else:
            latest = beyond
    return latest


def _due_by(next_after: Callable[[float], float | None], after: float, now: float) -> float | None:
    due = next_after(after)
    return due if due is not None and due <= now else None


def timer_event(source: str, due: float, now: float) -> Event:
    """The event of a deadline; the same deadline has the same identity after a restart."""
    return Event(
        id=stable_id("timer", source, repr(due)),
        ts=due,
        received=now,
        channel="timer",
        source=source,
    )
