"""The system's clock: deadlines on the wall, kept through clock changes."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable

_LOOK_AGAIN = 5.0
_SET = 1.0  # seconds between two looks that no adjusting of a clock's speed explains
_JUST_NOW = 0.05  # seconds in which a second look tells nothing: whoever sets the clock passes them


_SINCE_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def uptime() -> float:
    """Seconds since the machine started, with those it slept through where the system tells."""
    return time.clock_gettime(_SINCE_BOOT)


class SystemClock:
    """Deadlines in epoch seconds on the running event loop (`pipelines.ports.Clock`).

    The loop's own timers follow the monotonic clock. When somebody sets the wall clock that is
    noticed within five seconds, and deadlines keep what is left of them, but those `at_wall`.
    """

    def __init__(
        self, now: Callable[[], float] = time.time, uptime: Callable[[], float] = uptime
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._heap: list[tuple[float, int, Deadline]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._wakes = 0.0
        self.now = now
        self._uptime = uptime
        self._drift = now() - uptime()
        self._looked = 0.0
        self._tell: list[Callable[[float], None]] = []

    def call_at(self, when: float, callback: Callable[[], None]) -> Deadline:
        """Call back once at or after `when`; 0 means soon, never before this returns."""
        return self._push(when, Deadline(callback))

    def at_wall(self, when: float, callback: Callable[[], None]) -> Deadline:
        """The same, and it stays at that time when the clock is set."""
        return self._push(when, Deadline(callback, is_on_wall=True))

    def on_set(self, tell: Callable[[float], None]) -> None:
        """Be told by how many seconds the clock was set, once deadlines have been moved."""
        self._tell.append(tell)

    def notice(self) -> None:
        """See whether the clock was set; one that is made to run a little faster was not."""
        now = self.now()
        if self._looked <= now < self._looked + _JUST_NOW:
            return
        self._looked = now
        drift = now - self._uptime()
        by, self._drift = drift - self._drift, drift
        if -_SET < by < _SET:
            return
        self._heap = [
            (when if deadline.is_on_wall or not when else when + by, order, deadline)
            for when, order, deadline in self._heap
        ]
        heapq.heapify(self._heap)
        for tell in self._tell:
            tell(by)
        self._plan()

    def _push(self, when: float, deadline: Deadline) -> Deadline:
        heapq.heappush(self._heap, (when, next(self._order), deadline))
        if self._timer is None or when < self._wakes:
            self._plan()
        return deadline

    def _plan(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._heap and self._heap[0][2].callback is None:
            heapq.heappop(self._heap)
        if self._heap:
            self._wakes = self._heap[0][0]
            delay = min(max(self._wakes - self.now(), 0.0), _LOOK_AGAIN)
            self._timer = self._loop.call_later(delay, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self.notice()
        now = self.now()
        due: list[Deadline] = []
        while self._heap and self._heap[0][0] <= now:
            due.append(heapq.heappop(self._heap)[2])
        try:
            while due:
                due.pop(0).call()
        finally:
            for deadline in due:
                heapq.heappush(self._heap, (0.0, next(self._order), deadline))
            self._plan()


class Deadline:
    """A deadline that can be called off."""

    __slots__ = ("callback", "is_on_wall")

    def __init__(self, callback: Callable[[], None], *, is_on_wall: bool = False) -> None:
        self.callback: Callable[[], None] | None = callback
        self.is_on_wall = is_on_wall

    def cancel(self) -> None:
        """Call it off."""
        self.callback = None

    def call(self) -> None:
        """Call back, unless called off."""
        callback, self.callback = self.callback, None
        if callback is not None:
            callback()
