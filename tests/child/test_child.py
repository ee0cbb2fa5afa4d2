"""Processes of our own: how they are kept alive, and that none is left behind."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process

import pytest

from edge_agent.child import end, keep_alive

OBEDIENT = "import sys; print(flush=True); sys.stdin.read()"
STUBBORN = f"{OBEDIENT}; import threading; threading.Event().wait()"


async def _begun(code: str, stdin: int = PIPE) -> Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdin=stdin, stdout=PIPE
    )
    assert process.stdout is not None and await process.stdout.readline()
    return process


async def test_a_process_ends_with_its_standard_input() -> None:
    process = await _begun(OBEDIENT)
    await end(process, 20)
    assert process.returncode == 0
    await end(process, 20)


async def test_one_without_is_told_by_a_signal() -> None:
    process = await _begun("import signal; print(flush=True); signal.pause()", DEVNULL)
    await end(process, 20)
    assert process.returncode == -15


async def test_one_that_does_not_listen_is_killed() -> None:
    process = await _begun(STUBBORN)
    await end(process, 0.01)
    assert process.returncode == -9


async def test_a_cancellation_passes_once_the_process_is_gone() -> None:
    process = await _begun(STUBBORN)
    ending = asyncio.create_task(end(process, 20))
    await asyncio.sleep(0)  # it has begun
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert process.returncode == -9


async def _pauses(count: int, *, longest: float) -> list[float]:
    """The pauses after the first ends of something that lives no time."""
    pauses: list[float] = []
    enough = asyncio.Event()

    async def live() -> int:
        return 1

    def ended(code: int, pause: float) -> None:
        pauses.append(pause)
        if len(pauses) == count:
            enough.set()

    living = asyncio.create_task(keep_alive(live, ended, pause=0.001, longest=longest))
    await enough.wait()
    living.cancel()
    return pauses


async def test_pauses_double_up_to_the_longest() -> None:
    assert await _pauses(4, longest=0.003) == [0.001, 0.002, 0.003, 0.003]


async def test_after_a_long_life_the_first_pause_comes_again() -> None:
    every_life_is_longer = -1.0
    assert await _pauses(2, longest=every_life_is_longer) == [0.001, 0.001]
