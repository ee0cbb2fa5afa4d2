"""The driver `tvm`: a compiled model folder on the slim runtime, in a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import msgspec

from edge_agent.models.driver import Place
from edge_agent.models.functions import calls_in, schema_of_calls, told_functions
from edge_agent.models.libraries import check_files, library_for, read_manifest
from edge_agent.models.refusing import InWorker
from edge_agent.models.worker_process import WorkerProcess
from schemas.model import ChatPart, ChatRequest, ModelMetrics, Usage

_MODULE = "edge_agent.models.runtime.worker"


class TvmDriver(InWorker):
    """A decoder model in a worker process."""

    does = frozenset({"chat"})
    only = "is a chat model"

    async def load(self) -> None:
        """Check signature and files, and start the worker; one that died starts unchecked."""
        await asyncio.to_thread(self._check)
        await self._running().start()

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatPart, None]:
        """The answer, piece by piece."""
        called = schema_of_calls(request)
        held: list[str] = []
        async for frame in self._running().ask({"chat": _asked(request, called)}):
            if "text" in frame and called is None:
                yield ChatPart(text=frame["text"])
            elif "text" in frame:
                held.append(frame["text"])
            else:
                yield _end(frame, "".join(held), called=called is not None)

    async def metrics(self) -> ModelMetrics:
        """How it does; a worker that does not run has nothing under way."""
        if self.worker is None or self.worker.pid is None:
            return ModelMetrics()
        said: dict[str, Any] = {}
        async for frame in self.worker.ask({"metrics": 0}):
            said = frame["metrics"]
        return ModelMetrics(**said, resident_bytes=self.worker.resident_bytes)

    def _check(self) -> None:
        folder = self._place.folder
        check_files(folder, read_manifest(folder, self._place.keys))

    def _running(self) -> WorkerProcess:
        if self.worker is None:
            place, settings = self._place, self._place.settings
            manifest = read_manifest(place.folder, place.keys)
            job = {
                "folder": str(place.folder),
                "library": str(library_for(place.folder, manifest, place.machine.cpu)),
                "sequences": settings.sequences,
                "tokens": settings.tokens,
                "memory": place.machine.memory,
            }
            self.worker = WorkerProcess(_MODULE, job, threads=place.machine.threads)
        return self.worker


def make(place: Place) -> TvmDriver:
    """The driver of a place."""
    return TvmDriver(place)


def _asked(request: ChatRequest, called: dict[str, Any] | None) -> dict[str, Any]:
    options = {
        key: value
        for key, value in msgspec.structs.asdict(request).items()
        if key not in ("messages", "tools", "tool_choice", "schema") and value is not None
    }
    if called is not None or request.schema is not None:
        options["schema"] = called if called is not None else request.schema
    if request.tools:
        options["functions"] = told_functions(request.tools)
    return {"messages": request.messages, "options": options}


def _end(frame: dict[str, Any], text: str, *, called: bool) -> ChatPart:
    usage = msgspec.convert(frame["usage"], Usage)
    calls = calls_in(text) if called else []
    return ChatPart(
        text="" if calls else text,
        tool_calls=calls,
        finish="tool_calls" if calls else frame["end"],
        usage=usage,
        confidence=frame["confidence"],
    )
