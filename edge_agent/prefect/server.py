"""The embedded Prefect server: a child process, watched and started again when it ends."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import msgspec

from edge_agent.child import end, keep_alive
from edge_agent.loopback import HOST
from flows.prefect.server.process import Launch

log = logging.getLogger(__name__)

STARTING = "starting"
INSTALL = "pip install 'hearthflow[prefect]'"
# One heap for all threads: 30 MB less, and nobody else allocates much meanwhile.
ONE_HEAP = {"MALLOC_ARENA_MAX": "1"}
_FIRST_PAUSE, _LAST_PAUSE = 1.0, 60.0
_STOP_TIMEOUT = 3.0


def installed() -> bool:
    """Whether Prefect is there to be started; looks, and does not import."""
    return importlib.util.find_spec("prefect") is not None


class EmbeddedServer:
    """Runs the server until cancelled. Its process lives as long as the pipe to its standard
    input, so it ends with the agent, however the agent ends. It stays in the agent's session: Linux
    shares the processors out by session first, and its niceness counts only within one."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.url = f"http://{HOST}:{launch.port}"
        self.problem = STARTING
        self.pid = 0
        self.up = asyncio.Event()

    async def run(self) -> None:
        """Keep it running."""
        await keep_alive(self._live, self._ended, pause=_FIRST_PAUSE, longest=_LAST_PAUSE)

    def _ended(self, code: int, pause: float) -> None:
        self.problem = f"it ended with {code}; see {self._log}"
        log.warning("the Prefect server ended", extra={"code": code, "again_in": pause})

    @property
    def _log(self) -> Path:
        return Path(self.launch.data) / "server.log"

    async def _live(self) -> int:
        """One life of the process; its exit code."""
        process = await self._start()
        self.pid = process.pid
        try:
            assert process.stdout is not None
            if await process.stdout.readline():
                self.problem = ""
                self.up.set()
            return await process.wait()
        finally:
            self.pid = 0
            self.up.clear()
            await end(process, _STOP_TIMEOUT)

    async def _start(self) -> Process:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        launch = msgspec.json.encode(self.launch).decode()
        environment = os.environ | ONE_HEAP
        with self._log.open("wb") as output:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", "flows.prefect.server.process", launch,
                stdin=PIPE, stdout=PIPE, stderr=output, env=environment,
            )  # fmt: skip
