"""The driver `rules`: plain commands understood without any model, where the runtime is missing."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from edge_agent.intents.rules import understand
from edge_agent.models.driver import ModelRefused, Place
from schemas.intent import Understood
from schemas.model import ChatPart, ChatRequest, ModelMetrics


class RulesDriver:
    """The rules of `edge_agent/intents/rules.yaml`."""

    does = frozenset({"classify"})

    def __init__(self, place: Place) -> None:
        self._name = place.name

    async def load(self) -> None:
        """Read the rules."""
        understand("")

    async def classify(self, text: str, language: str = "") -> Understood:
        """What a sentence asks of the home; `none` for all but plain commands."""
        return understand(text, language)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """They have no vectors."""
        raise ModelRefused(f"`{self._name}` understands sentences and makes no embeddings")

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatPart, None]:
        """They do not talk."""
        raise ModelRefused(f"`{self._name}` understands sentences and does not chat")
        yield

    async def metrics(self) -> ModelMetrics:
        """They take nothing outside of the agent."""
        return ModelMetrics()

    async def close(self) -> None:
        """Nothing is open."""


def make(place: Place) -> RulesDriver:
    """The driver of a place."""
    return RulesDriver(place)
