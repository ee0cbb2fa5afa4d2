"""The system's clock: deadlines on the wall, kept through clock changes."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable

_LOOK_AGAIN = 5.0


class SystemClock:
    """Deadlines in epoch seconds on the running event loop (`pipelines.ports.Clock`).

    The loop's own timers follow the monotonic clock; when somebody sets the wall clock, deadlines
    are noticed within five seconds.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._heap: list[tuple[float, int, Deadline]] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._wakes = 0.0
        self.now = time.time

    def call_at(self, when: float, callback: Callable[[], None]) -> Deadline:
        """Call back once at or after `when`; 0 means soon, never before this returns."""
        deadline = Deadline(callback)
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

    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Call it off."""
        self.callback = None

    def call(self) -> None:
        """Call back, unless called off."""
        callback, self.callback = self.callback, None
        if callback is not None:
            callback()
