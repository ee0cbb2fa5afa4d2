"""Processes of our own: kept alive, and ended so that none is left behind."""

from __future__ import annotations

import asyncio
import contextlib
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable


async def keep_alive(
    live: Callable[[], Awaitable[int]],
    ended: Callable[[int, float], None],
    *,
    pause: float,
    longest: float,
) -> None:
    """Live one life after the other until cancelled, with pauses that double up to the longest;
    a life that lasted longer than that begins with the first pause again.

    `ended` hears of each life's exit code and of the pause (seconds) that follows.
    """
    loop, first = asyncio.get_running_loop(), pause
    while True:
        began = loop.time()
        code = await live()
        if loop.time() - began > longest:
            pause = first
        ended(code, pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, longest)


async def end(process: Process, patience: float) -> None:
    """Close its standard input, upon which it ends by itself (where it has none, send SIGTERM);
    kill it after `patience` seconds, or when there is no time to wait: a cancellation passes once
    the process is gone."""
    if process.returncode is not None:
        return
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                _ask_to_end(process)
                await process.wait()
    finally:
        _send(process.kill)
        await process.wait()


def _ask_to_end(process: Process) -> None:
    if process.stdin is None:
        _send(process.terminate)
    else:
        process.stdin.close()


def _send(signal: Callable[[], None]) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
        signal()
