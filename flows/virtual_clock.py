"""A clock that is advanced by hand, for rehearsals and tests."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from time import monotonic
from typing import Any

from pipelines.ports import Handle

_MOST_CALLS = 200_000
_MOST_AT_ONCE = 5_000
_QUIET_TURNS = 3  # a task that has ended calls back one turn later
_QUICK_TURNS = 200
_LONGEST = 10.0


class Endless(Exception):
    """A rehearsal does not come to an end; the text says what goes on for ever."""


class _Call:
    __slots__ = ("callback", "is_on_wall")

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback
        self.is_on_wall = False

    def cancel(self) -> None:
        self.callback = None


class VirtualClock:
    """A clock that stands still until it is advanced (`pipelines.ports.Clock`)."""

    def __init__(self, start: float = 1_767_225_600.0) -> None:
        self._now = start
        self._order = itertools.count()
        self._calls: list[tuple[float, int, _Call]] = []
        self._called = self._at_once = 0
        self._last = start
        self._tell: list[Callable[[float], None]] = []

    def now(self) -> float:
        """Epoch seconds."""
        return self._now

    def call_at(self, when: float, callback: Callable[[], None]) -> Handle:
        """Call back when the clock has been advanced so far."""
        call = _Call(callback)
        heapq.heappush(self._calls, (max(when, self._now), next(self._order), call))
        return call

    def at_wall(self, when: float, callback: Callable[[], None]) -> Handle:
        """The same, and it stays at that time when the clock is set."""
        call = _Call(callback)
        call.is_on_wall = True
        heapq.heappush(self._calls, (max(when, self._now), next(self._order), call))
        return call

    def on_set(self, tell: Callable[[float], None]) -> None:
        """Be told by how many seconds the clock was set."""
        self._tell.append(tell)

    def notice(self) -> None:
        """It is told at once when this clock is set."""

    def set(self, by: float) -> None:
        """Set the clock: another time, though none has passed."""
        self._now += by
        self._last += by
        self._calls = [
            (when if call.is_on_wall else when + by, order, call)
            for when, order, call in self._calls
        ]
        heapq.heapify(self._calls)
        for tell in self._tell:
            tell(by)

    def _count(self, when: float) -> None:
        self._called += 1
        self._at_once = self._at_once + 1 if when <= self._last else 0
        self._last = self._now
        if self._called > _MOST_CALLS or self._at_once > _MOST_AT_ONCE:
            most = _MOST_AT_ONCE if self._at_once > _MOST_AT_ONCE else _MOST_CALLS
            moment = " at one moment" if most == _MOST_AT_ONCE else ""
            raise Endless(f"more than {most:,} things fell due{moment}: it goes in circles")

    async def advance(self, seconds: float = 0.0) -> None:
        """Let time pass: everything due is called in order, and what it awaits is waited for.

        Raises:
            Endless: more is due than any pipeline needs, or something awaited does not end.
        """
        until, tasks = self._now + seconds, counted_tasks()
        await settle()
        known = tasks.made
        while self._calls and self._calls[0][0] <= until:
            when, _, call = heapq.heappop(self._calls)
            self._now = max(self._now, when)
            if call.callback is None:
                continue
            self._count(when)
            call.callback()
            if tasks.made != known:
                await settle()
                known = tasks.made
        self._now = until


class CountedTasks:
    """The tasks that a loop makes, counted: what made none need not be waited for."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(
        self, loop: asyncio.AbstractEventLoop, coroutine: Any, /, **options: Any
    ) -> asyncio.Task[Any]:
        """Make a task (`asyncio.AbstractEventLoop.set_task_factory`)."""
        self.made += 1
        return asyncio.Task(coroutine, loop=loop, **options)


def counted_tasks() -> CountedTasks:
    """The count of the running loop; it counts from the first call on."""
    loop = asyncio.get_running_loop()
    counted = loop.get_task_factory()
    if isinstance(counted, CountedTasks):
        return counted
    made = CountedTasks()
    loop.set_task_factory(made)
    return made


async def settle() -> None:
    """Wait until every other task of the loop has ended; costs nothing when there is none.

    Raises:
        Endless: one goes on for more than ten seconds of real time.
    """
    me = asyncio.current_task()
    if len(asyncio.all_tasks()) == 1:
        return
    began, turns, quiet = monotonic(), 0, 0
    while quiet < _QUIET_TURNS:
        others = asyncio.all_tasks() - {me}
        quiet = 0 if others else quiet + 1
        turns += 1
        if turns < _QUICK_TURNS:
            await asyncio.sleep(0)
            continue
        if monotonic() - began > _LONGEST:
            raise Endless("something is awaited that never ends")
        await asyncio.wait(others, timeout=0.05) if others else await asyncio.sleep(0)
