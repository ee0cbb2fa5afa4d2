"""A run that shows what it would do: effects are noted, not performed; time does not pass."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from flows.executor import Within
from pipelines.step import Await, Together


async def dry_run(running: Generator[Any, Any, Any]) -> Any:
    """Drive a run to its end: sleeps are over at once, nothing is heard while listening."""
    send: Callable[[Any], Any] = running.send
    value: Any = None
    while True:
        try:
            pause = send(value)
        except StopIteration as stop:
            return stop.value
        try:
            send, value = running.send, await _answer(pause)
        except Exception as error:
            send, value = running.throw, error


async def _answer(pause: Any) -> Any:
    if isinstance(pause, Within):
        return await _answer(pause.pause)
    if isinstance(pause, Await):
        return await pause.awaitable
    if isinstance(pause, Together):
        return [await dry_run(branch) for branch in pause.branches]
    return None
