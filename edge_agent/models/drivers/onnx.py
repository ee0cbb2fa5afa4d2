"""The driver `onnx`: an exported sentence classifier or embedder, in a process of its own.

The folder is as optimum and transformers write it: `model.onnx`, `tokenizer.json`, `config.json`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from edge_agent.models.driver import ModelError, ModelRefused, Place
from edge_agent.models.exported.files import loaded_files
from edge_agent.models.libraries import MANIFEST, check_files, read_manifest
from edge_agent.models.refusing import InWorker
from edge_agent.models.worker_process import WorkerProcess
from schemas.intent import Understood

_MODULE = "edge_agent.models.exported.worker"


class OnnxDriver(InWorker):
    """An exported model in a worker process; what it does is known once it is loaded."""

    only = "reads sentences"

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.does = frozenset[str]()

    async def load(self) -> None:
        """Check the files, start the worker and ask what its model does."""
        if self.worker is None:
            await asyncio.to_thread(_check, self._place)
            self.worker = self._made()
        async for frame in self.worker.ask({"does": ""}):
            self.does = frozenset({frame["does"]})

    async def classify(self, text: str, language: str = "") -> Understood:
        """The likeliest of the model's labels as the intent."""
        label, confidence = await self._asked("classify", _sayable(text))
        return Understood(label, confidence, language=language)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text."""
        vectors: list[list[float]] = await self._asked("embed", [_sayable(each) for each in texts])
        return vectors

    async def _asked(self, task: str, what: Any) -> Any:
        if self.worker is None or not self.does:
            await self.load()
        if task not in self.does:
            (other,) = self.does
            raise ModelRefused(f"`{self._place.name}` can {other}, and cannot {task}")
        assert self.worker is not None
        frames = [frame async for frame in self.worker.ask({task: what})]
        return frames[-1][task]

    def _made(self) -> WorkerProcess:
        machine = self._place.machine
        job = {
            "folder": str(self._place.folder),
            "threads": machine.threads,
            "memory": machine.memory,
        }
        return WorkerProcess(_MODULE, job, threads=machine.threads)


def make(place: Place) -> OnnxDriver:
    """The driver of a place."""
    return OnnxDriver(place)


def _check(place: Place) -> None:
    """Compare the files with the manifest, where there is one.

    Raises:
        ModelError: one differs, or is loaded without having been signed.
    """
    folder = place.folder
    if not (folder / MANIFEST).exists():
        return
    manifest = read_manifest(folder, place.keys)
    check_files(folder, manifest)
    for path in loaded_files(folder):
        if path.name not in manifest.files:
            raise ModelError(f"{path} is not among the files that were signed; it is not loaded")


def _sayable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
