"""What drivers have in common: each can little, refuses the rest, and may have a worker."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import ClassVar

from edge_agent.models.driver import ModelRefused, Place
from edge_agent.models.worker_process import WorkerProcess
from schemas.intent import Understood
from schemas.model import ChatPart, ChatRequest, ModelMetrics


class Refusing:
    """A driver that can nothing and holds nothing: another overrides what it can. `only` says what
    that is, to whom asks for something else."""

    only: ClassVar[str]

    def __init__(self, place: Place) -> None:
        self._place = place

    async def classify(self, text: str, language: str = "") -> Understood:
        """Refused."""
        raise self._cannot("does not classify")

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Refused."""
        raise self._cannot("makes no embeddings")

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatPart, None]:
        """Refused."""
        raise self._cannot("does not chat")
        yield

    async def metrics(self) -> ModelMetrics:
        """Nothing to tell."""
        return ModelMetrics()

    async def close(self) -> None:
        """Nothing to let go of."""

    def _cannot(self, what: str) -> ModelRefused:
        return ModelRefused(f"`{self._place.name}` {self.only} and {what}")


class InWorker(Refusing):
    """One whose model runs in a process of its own, once that is made."""

    worker: WorkerProcess | None = None

    async def metrics(self) -> ModelMetrics:
        """The memory the process has."""
        if self.worker is None:
            return ModelMetrics()
        return ModelMetrics(resident_bytes=self.worker.resident_bytes)

    async def close(self) -> None:
        """End the process."""
        if self.worker is not None:
            await self.worker.close()
