"""The process of Prefect's engine: carries runs for the agent on its standard input and output."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from typing import Any

from flows.prefect.engine.run import CarriedRun
from flows.prefect.engine.words import LONGEST, Open, Word, line, told

_LEAVE = 3.0  # seconds for what Prefect still has to be told


class Carrier:
    """All the runs that are carried; `hear` gets the agent's words, `say` sends ours."""

    def __init__(self, client: Any, say: Callable[[Word], None]) -> None:
        self._client = client
        self._say = say
        self._runs: dict[str, CarriedRun] = {}
        self._carrying: set[asyncio.Task[None]] = set()

    def hear(self, text: bytes) -> None:
        """One line of the agent's."""
        word = told.decode(text)
        if not isinstance(word, Open):
            if (known := self._runs.get(word.run)) is not None:
                known.hear(word)
            return
        run = self._runs[word.run] = CarriedRun(word, self._client, self._say)
        carrying = asyncio.create_task(self._carry(run))
        self._carrying.add(carrying)
        carrying.add_done_callback(self._carrying.discard)

    async def _carry(self, run: CarriedRun) -> None:
        try:
            await run.carry()
        finally:
            if self._runs.get(run.opening.run) is run:
                del self._runs[run.opening.run]

    async def leave(self) -> None:
        """The agent is gone: what is still carried is crashed."""
        for carrying in self._carrying:
            carrying.cancel()
        if self._carrying:
            await asyncio.wait(self._carrying, timeout=_LEAVE)


def main() -> None:
    """Carry until standard input ends."""
    output = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what anybody prints must not come between our lines
    asyncio.run(_carry(output))


async def _carry(output: Any) -> None:
    from prefect.client.orchestration import get_client
    from prefect.context import AsyncClientContext
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LONGEST)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    transport, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, output)
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):  # the agent watches us
        async with AsyncClientContext.get_or_create(), get_client() as client:
            carrier = Carrier(client, lambda word: transport.write(line(word)))
            transport.write(b"\n")  # ready
            while text := await reader.readline():
                carrier.hear(text)
            await carrier.leave()


if __name__ == "__main__":
    main()
