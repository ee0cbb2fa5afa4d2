"""Sentences that come in are understood in the words of the home."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from edge_agent.devices.directory import Directory
from edge_agent.intents.at_home import AtHome
from pipelines.ports import Query
from schemas.model import NOBODY, Asker
from schemas.settings import DeviceSettings

LAMP = DeviceSettings(key="zigbee2mqtt:0x1", area="Wohnzimmer", aliases=["Leselampe"])
OTHER = DeviceSettings(key="zigbee2mqtt:0x2", area="Bad", aliases=["Spot"])
THIRD = DeviceSettings(key="zigbee2mqtt:0x3", area="Bad", aliases=["Spot"])


class Answering:
    """A model that always hears the same slots (`pipelines.ports.Models`)."""

    def __init__(self, slots: dict[str, Any]) -> None:
        self.slots = slots

    async def classify(
        self, model: str, text: str, options: Mapping[str, Any], asker: Asker
    ) -> dict[str, Any]:
        return {"intent": "turn_on", "slots": self.slots, "confidence": 0.9, "language": "de"}

    async def generate(
        self,
        model: str,
        messages: Sequence[Mapping[str, Any]],
        options: Mapping[str, Any],
        asker: Asker,
    ) -> dict[str, Any]:
        return {"text": messages[0]["content"]}

    async def embed(self, model: str, texts: Sequence[str], asker: Asker) -> list[list[float]]:
        return [[0.0] for _ in texts]

    async def judge(self, model: str, query: Query, at: float, asker: Asker) -> dict[str, Any]:
        return {"score": 0.5}


def heard(slots: dict[str, Any], **devices: DeviceSettings) -> dict[str, Any]:
    home = AtHome(Answering(slots), Directory(devices))
    return asyncio.run(home.classify("intent", "…", {}, NOBODY))


def test_a_device_and_an_area_get_the_names_of_the_home() -> None:
    found = heard({"device": "leselampe", "area": "wohnzimmer", "value": 5}, lamp=LAMP)
    assert found["slots"] == {"device": "lamp", "area": "Wohnzimmer", "value": 5}
    assert "candidates" not in found


def test_what_the_home_does_not_know_keeps_its_words() -> None:
    assert heard({"device": "toaster"}, lamp=LAMP)["slots"] == {"device": "toaster"}


def test_several_that_fit_are_told() -> None:
    found = heard({"device": "spot"}, left=OTHER, right=THIRD)
    assert found["slots"] == {"device": "spot"} and found["candidates"] == ["left", "right"]


def test_a_device_that_is_met_later_is_known_then() -> None:
    directory = Directory({})
    home = AtHome(Answering({"device": "leselampe"}), directory)
    assert asyncio.run(home.classify("intent", "…", {}, NOBODY))["slots"] == {"device": "leselampe"}
    directory.describe({"lamp": LAMP})
    assert asyncio.run(home.classify("intent", "…", {}, NOBODY))["slots"] == {"device": "lamp"}


def test_other_questions_go_through() -> None:
    home = AtHome(Answering({}), Directory({}))

    async def asked() -> tuple[Any, Any]:
        said = await home.generate("m", [{"content": "hi"}], {}, NOBODY)
        return said, await home.embed("m", ["a", "b"], NOBODY)

    assert asyncio.run(asked()) == ({"text": "hi"}, [[0.0], [0.0]])
