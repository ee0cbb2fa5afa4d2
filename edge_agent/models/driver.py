"""The contract of model drivers: one engine, or one server, behind the same calls."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from msgspec import Struct

from pipelines.ports import Query
from schemas.anomaly import Judged
from schemas.intent import Understood
from schemas.model import ChatPart, ChatRequest, ModelMetrics
from schemas.settings import ModelSettings


class ModelError(Exception):
    """The model could not answer; the text tells the user why."""


class ModelRefused(ModelError):
    """The request is wrong for this model: asking again does not help."""


class ModelBusy(ModelError):
    """Too many requests wait; asking after `seconds` may help."""

    def __init__(self, text: str, seconds: float = 1.0) -> None:
        super().__init__(text)
        self.seconds = seconds


class Driver(Protocol):
    """One model. `load` may take long and is called once before the others.

    Raises:
        ModelRefused: the model cannot do this, or not so.
        ModelBusy: it has too much to do.
        ModelError: it failed.
    """

    does: frozenset[str]
    """What it can: chat, classify, embed, judge."""

    async def load(self) -> None:
        """Make it ready to answer."""

    async def classify(self, text: str, language: str = "") -> Understood:
        """What a sentence means."""

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text."""

    def chat(self, request: ChatRequest) -> AsyncGenerator[ChatPart, None]:
        """The answer, piece by piece; to stop iterating aborts it."""

    async def metrics(self) -> ModelMetrics:
        """How it does."""

    async def close(self) -> None:
        """Let go of everything."""


@runtime_checkable
class Judge(Protocol):
    """A driver whose models judge sensors instead of reading text."""

    async def judge(self, query: Query, at: float) -> Judged:
        """How unusual the value at a time is, in seconds since 1970; `query` asks the ledger."""


class Machine(Struct, frozen=True):
    """What models may use of the machine: its processor as LLVM names it, cores, bytes."""

    cpu: str
    threads: int = 1
    memory: int | None = None


class Place(Struct, frozen=True):
    """What a driver is made of: the model's name, its settings, its folder, the public keys
    whose signatures count, and the machine."""

    name: str
    settings: ModelSettings
    folder: Path
    keys: tuple[bytes, ...] = ()
    machine: Machine = Machine("generic")
