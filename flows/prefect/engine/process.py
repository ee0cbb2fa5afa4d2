"""The process of Prefect's engine: carries runs for the agent on its standard input and output."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from typing import Any

from flows.prefect.engine.kept import keep_bounded
from flows.prefect.engine.proposing import Proposer
from flows.prefect.engine.run import CarriedRun
from flows.prefect.engine.words import LONGEST, Leave, Open, Word, line, told

_LEAVE = 3.0  # seconds for what Prefect still has to be told


class Carrier:
    """All the runs that are carried; `hear` gets the agent's words, `say` sends ours."""

    def __init__(self, client: Any, say: Callable[[Word], None]) -> None:
        self._client = client
        self._proposer = Proposer(client)
        self._say = say
        self._runs: dict[str, CarriedRun] = {}
        self._carrying: dict[str, asyncio.Task[None]] = {}

    def hear(self, text: bytes) -> None:
        """One line of the agent's."""
        word = told.decode(text)
        if isinstance(word, Open):
            run = CarriedRun(word, self._client, self._proposer, say=self._say)
            self._runs[word.run] = run
            self._carrying[word.run] = asyncio.create_task(self._carry(run))
        elif (known := self._runs.get(word.run)) is None:
            return
        elif isinstance(word, Leave):
            self._carrying[word.run].cancel()
        else:
            known.hear(word)

    async def _carry(self, run: CarriedRun) -> None:
        try:
            await run.carry()
        finally:
            del self._runs[run.opening.run], self._carrying[run.opening.run]

    async def leave(self) -> None:
        """The agent is gone: what is still carried it takes up after its next start."""
        carrying = tuple(self._carrying.values())
        for each in carrying:
            each.cancel()
        if carrying:
            await asyncio.wait(carrying, timeout=_LEAVE)


def main() -> None:
    """Carry until standard input ends."""
    output = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what anybody prints must not come between our lines
    asyncio.run(_carry(output))


async def _carry(output: Any) -> None:
    from prefect.context import AsyncClientContext, SyncClientContext
    from prefect.settings import (
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
        PREFECT_LOCAL_STORAGE_PATH,
        temporary_settings,
    )

    from flows.prefect.engine.engines import keep_to_the_point

    keep_to_the_point()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LONGEST)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    transport, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, output)
    # The agent watches us.
    unwatched = temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None})
    # One client of each kind for all runs: making one takes longer than a run.
    with unwatched, SyncClientContext.get_or_create():
        async with AsyncClientContext.get_or_create() as clients:
            carrier = Carrier(clients.client, lambda word: transport.write(line(word)))
            bounding = asyncio.create_task(keep_bounded(PREFECT_LOCAL_STORAGE_PATH.value()))
            transport.write(b"\n")  # ready
            while text := await reader.readline():
                carrier.hear(text)
            bounding.cancel()
            await carrier.leave()


if __name__ == "__main__":
    main()
