"""The process of Prefect's engine: started when it is first needed, again when it has ended."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Mapping
from pathlib import Path

from edge_agent.child import end, keep_alive
from flows.prefect.engine.words import LONGEST, Said, Word, line, said

log = logging.getLogger(__name__)

_FIRST_PAUSE, _LAST_PAUSE = 0.5, 30.0
_STOP_TIMEOUT = 5.0  # it still has to tell Prefect how runs ended


class FlowEngine:
    """`want` starts it; `ready` is called whenever it is up, `failed` when it ends before, `hear`
    with what it says. What is said while it is not up is lost: `ready` is the time to say it again.
    """

    def __init__(self, data: Path, settings: Mapping[str, str]) -> None:
        self.pid = 0
        self.starts = 0
        self.ready: Callable[[], None] = lambda: None
        self.failed: Callable[[], None] = lambda: None
        self.hear: Callable[[Said], None] = lambda word: None
        self._data = data
        self._settings = settings
        self._process: Process | None = None
        self._living: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        """Whether it takes runs."""
        return self._process is not None

    def want(self) -> None:
        """Have it running from now on; raises why it could not be started the last time."""
        if self._living is not None and self._living.done():
            failed, self._living = self._living, None
            self.failed()
            failed.result()
        if self._living is None:
            lives = keep_alive(self._one_life, self._ended, pause=_FIRST_PAUSE, longest=_LAST_PAUSE)
            self._living = asyncio.create_task(lives)

    def say(self, word: Word) -> None:
        """Say something to it."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(line(word))

    async def stop(self) -> None:
        """End it; what it carries is left."""
        if self._living is not None:
            self._living.cancel()
            await asyncio.gather(self._living, return_exceptions=True)

    # ------------------------------------------------------------------ inside
    def _ended(self, code: int, pause: float) -> None:
        extra = {"code": code, "again_in": pause, "see": str(self._log)}
        log.warning("the process of Prefect's engine ended", extra=extra)

    @property
    def _log(self) -> Path:
        return self._data / "engine.log"

    async def _one_life(self) -> int:
        process = await self._start()
        assert process.stdout is not None
        self.pid = process.pid
        try:
            if await process.stdout.readline():
                self._process = process
                self.ready()
            else:
                self.failed()
            while text := await process.stdout.readline():
                self.hear(said.decode(text))
            return await process.wait()
        finally:
            self._process, self.pid = None, 0
            await end(process, _STOP_TIMEOUT)

    async def _start(self) -> Process:
        self.starts += 1
        self._data.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab" if self.starts > 1 else "wb") as output:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", "flows.prefect.engine.process",
                stdin=PIPE, stdout=PIPE, stderr=output, limit=LONGEST,
                env=os.environ | self._settings, start_new_session=True,
            )  # fmt: skip
