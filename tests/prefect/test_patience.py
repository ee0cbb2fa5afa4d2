"""How long a run of `path: flow` waits for Prefect's engine before it goes on without it."""

import asyncio
import time

from flows.prefect.carriage import Carriage
from flows.prefect.engine.words import Leave, Open, Opened, Word
from schemas.identity import text_id, unique_id
from schemas.run import RunRecord


class Waiting:
    """A run that has no patience left but where the engine is still coming; `rounds` counts how
    often it has asked that."""

    def __init__(self) -> None:
        self.is_coming = True
        self.rounds = 0
        self.more = asyncio.Event()
        self.said: list[Word] = []
        self.run = unique_id()
        record = RunRecord(self.run, "p", "1", 0, {}, "scheduled", time.time())
        opening = Open(text_id(self.run), record, "home", "", {}, "", claimed=False)
        self.carriage = Carriage(
            opening, self.said.append, patience=0.001, is_new=True, coming=self._coming
        )

    def _coming(self) -> bool:
        self.rounds += 1
        if self.rounds > 2:
            self.more.set()
        return self.is_coming


async def test_a_run_waits_while_the_engine_is_still_coming() -> None:
    waiting = Waiting()
    opened = asyncio.ensure_future(waiting.carriage.opened())
    await waiting.more.wait()
    assert not opened.done()
    run = text_id(waiting.run)
    waiting.carriage.hear(Opened(run, run))
    assert await opened == "open" and waiting.said == [waiting.carriage.opening]


async def test_it_goes_on_alone_once_nothing_comes() -> None:
    waiting = Waiting()
    opened = asyncio.ensure_future(waiting.carriage.opened())
    await waiting.more.wait()
    waiting.is_coming = False
    assert await opened == "away"
    assert waiting.said[-1] == Leave(text_id(waiting.run))
