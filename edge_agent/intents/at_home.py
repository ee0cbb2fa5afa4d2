"""Models whose slots name devices and areas as the home does."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from edge_agent.devices.directory import Directory
from edge_agent.intents.match import Known, match
from pipelines.ports import Models, Query
from schemas.model import Asker

_NAMED = {"device", "area"}


class AtHome:
    """Implements `pipelines.ports.Models` on other models and the home's devices."""

    def __init__(self, models: Models, directory: Directory) -> None:
        self._models = models
        self._directory = directory
        self._version, self._known = -1, list[Known]()

    async def classify(
        self, model: str, text: str, options: Mapping[str, Any], asker: Asker
    ) -> dict[str, Any]:
        """What a text means; a device or area that the home knows has its name there.

        `candidates` are the names of the devices that fit equally well.
        """
        found: dict[str, Any] = await self._models.classify(model, text, options, asker)
        slots = found["slots"]
        if not _NAMED & slots.keys():
            return found
        matched = match(slots, self._devices())
        named = {"device": matched.device, "area": matched.area}
        slots = {**slots, **{slot: name for slot, name in named.items() if name is not None}}
        more = {"candidates": matched.candidates} if matched.candidates else {}
        return {**found, "slots": slots, **more}

    def generate(
        self,
        model: str,
        messages: Sequence[Mapping[str, Any]],
        options: Mapping[str, Any],
        asker: Asker,
    ) -> Awaitable[dict[str, Any]]:
        """As the models do."""
        return self._models.generate(model, messages, options, asker)

    def embed(self, model: str, texts: Sequence[str], asker: Asker) -> Awaitable[list[list[float]]]:
        """As the models do."""
        return self._models.embed(model, texts, asker)

    def judge(self, model: str, query: Query, at: float, asker: Asker) -> Awaitable[dict[str, Any]]:
        """As the models do."""
        return self._models.judge(model, query, at, asker)

    def _devices(self) -> list[Known]:
        directory = self._directory
        if self._version != directory.version:
            self._version = directory.version
            self._known = [
                Known(each.name, directory.aliases(each), each.area)
                for each in directory.devices.values()
            ]
        return self._known
