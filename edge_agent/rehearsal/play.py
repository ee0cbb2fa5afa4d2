"""One test played: in a scene of its own, with a limit on its time."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from msgspec import Struct

from edge_agent.ledger.ledger import Ledger
from edge_agent.rehearsal.account import failure_of
from edge_agent.rehearsal.contract import RehearsalLedger
from edge_agent.rehearsal.files import Suite
from edge_agent.rehearsal.memory_ledger import MemoryLedger
from edge_agent.rehearsal.scene import AgentScene
from flows.rehearsal import Failed, Stage
from flows.virtual_clock import Endless
from pipelines.rehearsal import Rehearsal
from pipelines.secrecy import hidden
from schemas.outcomes import Outcome
from schemas.problem import UserError
from schemas.settings import LedgerSettings

LONGEST = 20.0
"""Seconds of real time that a test may take."""

OpenLedger = Callable[[Callable[[], float]], RehearsalLedger]


class Played(Struct, frozen=True):
    """A test that was played, and the stage as it was left."""

    result: Outcome
    stage: Stage


class TooSlow(BaseException):
    """A test takes longer than it may; not an Exception, so that no step catches it."""


async def play(test: Rehearsal, file: Suite, *, on_disk: bool = False) -> Played:
    """Play one test; on a ledger in memory unless it asks its history in SQL.

    With `on_disk` it is always a real ledger, in a folder that is gone afterwards.
    """
    if not on_disk:
        ledger = MemoryLedger()
        played = await _play(test, file, lambda now: ledger)
        if not ledger.was_asked:
            return played
    with tempfile.TemporaryDirectory(prefix="hearth-test-") as folder:
        path = Path(folder) / "ledger.duckdb"
        zone = file.facts.home.time_zone
        return await _play(
            test,
            file,
            lambda now: Ledger.open(path, LedgerSettings(), time_zone=zone, clock=now),
        )


def played_once(test: Rehearsal, file: Suite, *, on_disk: bool = False) -> Outcome:
    """The outcome of one test, played on a loop of its own."""
    return asyncio.run(play(test, file, on_disk=on_disk)).result


async def _play(test: Rehearsal, file: Suite, open_ledger: OpenLedger) -> Played:
    began = time.perf_counter()
    failed: Failed | None = None
    try:
        scene = AgentScene(test, file.compiled.around(test), open_ledger)
        stage = Stage(scene)
        with _time_limit(LONGEST):
            await stage.perform(test)
    except Failed as error:
        failed = error
    except (Endless, UserError) as error:
        failed = Failed(stage.at, str(error))
    except TooSlow:
        failed = Failed(stage.at, f"this takes longer than {LONGEST:g} s of real time")
    failure = None if failed is None else failure_of(failed, stage, test)
    result = Outcome(
        name=test.name,
        pipeline=test.pipeline,
        file=file.name,
        line=test.at.line,
        passed=failure is None,
        seconds=time.perf_counter() - began,
        failure=failure,
        notes=[f"{record.pipeline} failed: {record.error}" for record in stage.failures()],
    )
    return Played(hidden(result, file.secrets) if file.secrets else result, stage)


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Break off what takes longer, where signals can (the main thread)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooSlow

    before: Any = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
