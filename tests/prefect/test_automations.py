"""Prefect's own automations react to what happens in the home: events there, runs here."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from schemas.device import Change
from schemas.event import Event
from schemas.identity import unique_id
from tests.prefect.scene import until_true
from tests.prefect.servers import PrefectServer
from tests.prefect.test_asked import Asked, asked


async def _when(home: Asked, event: str, resource: str, **parameters: Any) -> None:
    """An automation as the form in the UI makes it: on this event run the deployment."""
    trigger = {
        "type": "event",
        "posture": "Reactive",
        "expect": [event],
        "match": {"prefect.resource.id": resource},
        "threshold": 1,
        "within": 0,
    }
    run = {
        "type": "run-deployment",
        "source": "selected",
        "deployment_id": home.deployment,
        "parameters": parameters,
    }
    wanted = {"name": f"{event} {resource}", "trigger": trigger, "actions": [run]}
    await home.api.post("/automations/", wanted)


async def _greeted(home: Asked, name: str) -> None:
    """Wait until the run that the automation asked for has ended here."""

    async def greeted() -> bool:
        await home.scene.ledger.flush()
        ended = [run for run in await home.scene.runs() if run.inputs.get("name") == name]
        return [run.state for run in ended] == ["completed"]

    await until_true(greeted)


async def test_an_automation_answers_a_failed_run_with_a_run_on_the_agent(
    tmp_path: Path, prefect: PrefectServer
) -> None:
    async with asked(tmp_path, prefect, "rescued") as home:
        await _when(home, "hearthflow.run.failed", "hearthflow.pipeline.rescued", name="rescuer")
        home.scene.event(1)  # without a name to greet it fails
        await _greeted(home, "rescuer")


async def test_an_automation_answers_a_lost_device_with_a_run_on_the_agent(
    tmp_path: Path, prefect: PrefectServer
) -> None:
    async with asked(tmp_path, prefect, "missed") as home:
        lost = "hearthflow.device.fw:freezer"
        await _when(home, "hearthflow.device.unavailable", lost, name="searcher")
        change = Change("fw:freezer", "freezer", "available", None, False, True, True, time.time())
        home.scene.engine.handle(Event(unique_id(), 0.0, 0.0, "mqtt", "t"), [change])
        await _greeted(home, "searcher")
