"""A model's worker process: started when needed, watched, started again when it has died."""

from __future__ import annotations

import asyncio
import itertools
import logging
import resource
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from edge_agent.child import end
from edge_agent.models.driver import ModelBusy, ModelError, ModelRefused
from edge_agent.models.wire import packed, receive

log = logging.getLogger(__name__)

_START_SECONDS, _STOP_SECONDS = 120.0, 3.0
_KINDS: dict[str, type[ModelError]] = {"invalid": ModelRefused, "busy": ModelBusy}
_LOOK_SECONDS = 0.5


class WorkerProcess:
    """Sends requests to a worker and hands its frames to whoever asked.

    When the process ends, every request under way fails and the next one starts it again. It is
    ended when it takes more memory than the job's `memory`.
    """

    def __init__(self, module: str, job: dict[str, Any], *, threads: int = 1) -> None:
        self._module = module
        self._job = job
        self._threads = threads
        self._ids = itertools.count(1)
        self._asked: dict[int, asyncio.Queue[dict[str, Any]]] = {}
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._complaints: asyncio.Task[str] | None = None
        self._greedy = ""
        self._starting = asyncio.Lock()
        self.starts = 0

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    @property
    def resident_bytes(self) -> int:
        """The memory it has now; 0 while it does not run."""
        return 0 if self.pid is None else _resident_bytes(self.pid)

    async def start(self) -> None:
        """Have it running.

        Raises:
            ModelError: it does not start; the text says why.
        """
        async with self._starting:
            if not self._running():
                await self._spawn()

    async def ask(self, message: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """The frames that answer a message; whoever stops listening early aborts it.

        Raises:
            ModelError: the worker says so, or has died.
        """
        await self.start()
        id = next(self._ids)
        frames = self._asked[id] = asyncio.Queue()
        done = False
        try:
            self._write({"id": id, **message})
            while not done:
                frame = await frames.get()
                done = "text" not in frame
                if "error" in frame:
                    raise _KINDS.get(frame["kind"], ModelError)(frame["error"])
                yield frame
        finally:
            self._asked.pop(id, None)
            if not done and self._running():
                self._write({"abort": id})

    async def close(self) -> None:
        """End it."""
        process, self._process = self._process, None
        if process is None:
            return
        await end(process, _STOP_SECONDS)
        if self._reading is not None:
            await self._reading

    def _running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def _write(self, message: dict[str, Any]) -> None:
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(packed(message))

    async def _spawn(self) -> None:
        if self._reading is not None:
            await self._reading  # what the last process left is told before the next begins
        self.starts += 1
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", self._module, stdin=PIPE, stdout=PIPE, stderr=PIPE,
            env=_environment(self._threads), start_new_session=True,
        )  # fmt: skip
        assert process.stdin is not None and process.stdout is not None
        self._greedy = ""
        complaints = self._complaints = asyncio.create_task(_complaints(process))
        process.stdin.write(packed(self._job))
        said: dict[str, Any] = {}
        try:
            async with asyncio.timeout(_START_SECONDS):
                said = await receive(process.stdout) or {}
        finally:
            if "ready" not in said and process.returncode is None:
                process.kill()
        if "ready" not in said:
            last = await complaints
            await process.wait()
            raise ModelError(said.get("failed") or f"the model's process does not start: {last}")
        if greedy := self._too_much(process.pid):
            process.kill()
            await process.wait()
            raise ModelError(f"the model's process does not start: {greedy}")
        self._process = process
        self._reading = asyncio.create_task(self._read(process))

    async def _watch(self, process: Process) -> None:
        """End the process once it takes too much."""
        while process.returncode is None:
            if greedy := self._too_much(process.pid):
                self._greedy = greedy
                process.kill()
                return
            await asyncio.sleep(_LOOK_SECONDS)

    def _too_much(self, pid: int) -> str:
        """Whether a process takes more than the job's memory: how much, else nothing."""
        most, took = self._job.get("memory"), _resident_bytes(pid)
        if most is None or took <= most:
            return ""
        return f"it took {took / 1e6:.0f} MB, and may take {most / 1e6:.0f} MB"

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None
        watch = asyncio.create_task(self._watch(process))
        while (said := await receive(process.stdout)) is not None:
            for frame in said if isinstance(said, list) else [said]:
                if (frames := self._asked.get(frame.pop("id"))) is not None:
                    frames.put_nowait(frame)
        code = await process.wait()
        watch.cancel()
        told = f"the model's process ended ({self._greedy or await self._last_words(code)})"
        if process is self._process:
            log.warning(
                "a model's process ended", extra={"reason": told, "folder": self._job["folder"]}
            )
            self._process = None
        for frames in self._asked.values():
            frames.put_nowait({"error": told, "kind": "failed"})

    async def _last_words(self, code: int) -> str:
        """What ended the process: a signal or its code, and what it wrote last."""
        how = signal.Signals(-code).name if code < 0 else f"code {code}"
        if self._complaints is None or code == -signal.SIGKILL:  # of this it cannot know
            return how
        said = await self._complaints
        return f"{how}: {said}" if said else how


async def _complaints(process: Process) -> str:
    """Log what the process writes to standard error; its last line."""
    assert process.stderr is not None
    last = ""
    async for line in process.stderr:
        last = line.decode("utf-8", "replace").rstrip() or last
        log.debug("a model's process says", extra={"text": last})
    return last


def _resident_bytes(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):  # it has ended, or there is no /proc
        return 0
    return pages * resource.getpagesize()


def _environment(threads: int) -> dict[str, str]:
    import os

    return {**os.environ, "TVM_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
