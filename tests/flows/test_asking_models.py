"""What the steps that ask models tell them of a run: priority, labels, conversation, place."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from edge_agent.loading import compiler_of
from flows.rehearsal_models import StubbedModels
from pipelines.ports import Busy
from schemas.model import Asker
from tests.flows.house import House

PIPELINE = """
id: talk
priority: high
labels: {room: cellar}
triggers: [{event: go}]
steps:
  - classify: {text: hello, placement: {privacy: private, deadline: 2s}}
"""


class Heard(StubbedModels):
    """Models that keep for whom they were asked; `busy` ones have no time."""

    def __init__(self, *, busy: bool = False) -> None:
        super().__init__({"intent": "greeting"})
        self.askers: list[Asker] = []
        self._busy = busy

    async def classify(
        self, model: str, text: str, options: Mapping[str, Any], asker: Asker
    ) -> dict[str, Any]:
        self.askers.append(asker)
        if self._busy:
            raise Busy("64 requests wait already; ask again later", 2.0)
        return await super().classify(model, text, options, asker)


def played(models: Heard, pipeline: str = PIPELINE, **event: Any) -> House:
    """A house in which the pipeline ran once."""

    async def play() -> House:
        house = House()
        house.ports = replace(house.ports, models=models)
        house.compiler = compiler_of(house.ports)
        house.load(pipeline)
        house.engine.internal("emit", "go", **event)
        for _ in range(20):
            await asyncio.sleep(0)
        return house

    return asyncio.run(play())


def test_a_model_is_told_of_the_pipeline_and_of_the_conversation() -> None:
    models = Heard()
    (run,) = played(models, session="ada").runs("talk")
    assert run.state == "completed"
    assert models.askers == [
        Asker(priority="high", session="ada", labels={"room": "cellar"}, where="local", within=2.0)
    ]


def test_a_run_without_a_conversation_is_one_by_itself() -> None:
    models = Heard()
    played(models)
    played(models)
    first, second = (asker.session for asker in models.askers)
    assert first
    assert first != second


@pytest.mark.parametrize(("privacy", "where"), [("private", "local"), ("", "auto")])
def test_what_an_event_says_is_private_stays_on_the_device(privacy: str, where: str) -> None:
    models = Heard()
    played(models, PIPELINE.replace("privacy: private", "privacy: public"), privacy=privacy)
    assert models.askers[0].where == where


def test_a_model_that_has_too_much_to_do_fails_the_step_and_says_so() -> None:
    (run,) = played(Heard(busy=True)).runs("talk")
    assert run.state == "failed"
    assert run.error is not None
    assert "model `intent`: 64 requests wait already; ask again later" in run.error
