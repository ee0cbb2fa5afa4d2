"""A driver in memory that says what a test tells it, when the test lets it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path
from typing import Any

from edge_agent.models.driver import Machine, Place
from edge_agent.models.service import ModelService
from edge_agent.monitoring.metrics import Metrics
from schemas.intent import Understood
from schemas.model import ChatPart, ChatRequest, ModelMetrics, Usage
from schemas.settings import ModelSettings


class Scripted:
    """One model: answers with its own name; it waits while `gate` is closed, its loading while
    `loading` is.

    What it is asked is noted in `asked`; `fails` is raised in place of an answer.
    """

    does = frozenset({"chat", "classify", "embed"})

    def __init__(self, place: Place) -> None:
        self.place = place
        self.asked: list[Any] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.loading = asyncio.Event()
        self.loading.set()
        self.fails: Exception | None = None
        self.refuses_to_load: Exception | None = None
        self.confidence: float | None = 0.9
        self.resident_bytes = 0
        self.loads = self.closes = 0

    async def load(self) -> None:
        await self.loading.wait()
        if self.refuses_to_load is not None:
            raise self.refuses_to_load
        self.loads += 1

    async def classify(self, text: str, language: str = "") -> Understood:
        await self._asked(text)
        return Understood(self.place.name, self.confidence or 0.0)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        await self._asked(texts)
        return [[1.0] for _ in texts]

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatPart, None]:
        await self._asked(request)
        yield ChatPart(text=self.place.name)
        yield ChatPart(finish="stop", usage=Usage(5, 3, 2), confidence=self.confidence)

    async def metrics(self) -> ModelMetrics:
        return ModelMetrics(resident_bytes=self.resident_bytes)

    async def close(self) -> None:
        self.closes += 1

    async def _asked(self, what: Any) -> None:
        self.asked.append(what)
        await self.gate.wait()
        if self.fails is not None:
            raise self.fails


class Bench:
    """A service of scripted models; `models[NAME]` is the driver made last for a name.

    `prepare` is called with each driver that is made.
    """

    def __init__(
        self,
        home: Path,
        settings: dict[str, ModelSettings],
        prepare: Callable[[Scripted], object] = lambda driver: None,
        memory: int | None = None,
    ) -> None:
        self.models: dict[str, Scripted] = {}
        self.metrics = Metrics()
        self._prepare = prepare
        self.service = ModelService(
            home, settings, machine=Machine("generic", memory=memory),
            metrics=self.metrics, make=self._make,
        )  # fmt: skip

    def _make(self, place: Place) -> Scripted:
        driver = self.models[place.name] = Scripted(place)
        self._prepare(driver)
        return driver

    def measured(self) -> dict[str, float]:
        """The samples of `/metrics` by name and labels."""
        lines = self.metrics.render().decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}


async def settled() -> None:
    """Let every task go as far as it can without the others."""
    for _ in range(20):
        await asyncio.sleep(0)
