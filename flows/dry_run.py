"""A run that shows what it would do: effects are noted, not performed; time does not pass."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from flows.trying import Within
from pipelines.step import Await, Together

MOST_WAITS = 1_000


class Endless(BaseException):
    """It has waited too often to end by itself; not an Exception, so that no step swallows it."""

    def __init__(self) -> None:
        super().__init__(f"the dry run was ended after {MOST_WAITS} waits: it may never end itself")


async def dry_run(running: Generator[Any, Any, Any]) -> Any:
    """Drive a run to its end: sleeps are over at once, nothing is heard while listening.

    Raises:
        Endless: it waited a thousand times and went on.
    """
    return await _Dry().drive(running)


class _Dry:
    def __init__(self) -> None:
        self._left = MOST_WAITS

    async def drive(self, running: Generator[Any, Any, Any]) -> Any:
        send: Callable[[Any], Any] = running.send
        value: Any = None
        while True:
            try:
                pause = send(value)
            except StopIteration as stop:
                return stop.value
            try:
                send, value = running.send, await self._answer(pause)
            except Exception as error:
                send, value = running.throw, error

    async def _answer(self, pause: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            raise Endless
        if isinstance(pause, Within):
            return await self._answer(pause.pause)
        if isinstance(pause, Await):
            return await pause.awaitable
        if isinstance(pause, Together):
            return [await self.drive(branch) for branch in pause.branches]
        return None
