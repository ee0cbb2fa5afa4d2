"""Pipelines as deployments: what is asked for, cancelled or paused in Prefect happens here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge_agent.prefect.api import PrefectApi, Refused
from edge_agent.prefect.claims import Claims
from edge_agent.prefect.counts import Counts
from edge_agent.prefect.deployments import Deployments
from edge_agent.prefect.errands import Errands
from edge_agent.prefect.events import Events
from edge_agent.prefect.flow_engine import FlowEngine
from edge_agent.prefect.flows import PrefectFlows
from flows.prefect.deployment import parameter_schema
from flows.prefect.engine.settings import engine_settings
from schemas.device import Change
from schemas.event import Event
from schemas.identity import unique_id
from schemas.pipeline import Input
from tests.prefect.door import Door
from tests.prefect.scene import Scene, Shown, bulk, until, until_true
from tests.prefect.servers import PrefectServer
from tests.storms.scene import report

GREET = """
id: {pipeline}
description: Greets somebody after a while.
labels: {{room: cellar}}
mode: parallel
inputs:
  wait: {{type: integer, default: 0, min: 0, max: 60, description: Seconds to wait.}}
  name: {{type: text, required: true}}
triggers:
  - {{id: morning, cron: "0 7 * * 1-5"}}
  - {{id: go, mqtt: {{topic: in}}}}
steps:
  - delay: "{{{{ inputs.wait }}}}s"
  - log: "hello {{{{ inputs.name + '' }}}}"
"""


class Asked:
    """A scene whose pipeline is a deployment, with the errands at work."""

    def __init__(
        self, scene: Scene, api: PrefectApi, deployments: Deployments, flows: PrefectFlows
    ) -> None:
        self.scene = scene
        self.flows = flows
        self.api = api
        self.shown = Shown(api, scene.pipeline)
        self.deployment = deployments.ids[scene.pipeline]

    async def run(self, **parameters: Any) -> str:
        """Ask for a run as the button in the UI does; its id."""
        path = f"/deployments/{self.deployment}/create_flow_run"
        made = await self.api.post(path, {"parameters": parameters})
        return str(made["id"])

    async def until_state(self, flow_run: str, *names: str) -> dict[str, Any]:
        """Wait until a run has one of these states."""
        found: dict[str, Any] = {}

        async def there() -> bool:
            found.update(await self.api.get(f"/flow_runs/{flow_run}"))
            return found["state_name"] in names

        await until_true(there)
        return found


@asynccontextmanager
async def asked(
    folder: Path, prefect: PrefectServer | Door, pipeline: str, text: str = GREET
) -> AsyncIterator[Asked]:
    """A pipeline that can be asked for."""
    scene, api = Scene(folder, pipeline, None), PrefectApi(prefect.api)
    own = PrefectApi(prefect.api)
    deployments = Deployments(own, scene.engine, agent=f"at-{pipeline}", time_zone="Europe/Berlin")
    events, counts = Events(own, f"at-{pipeline}"), Counts(own, scene.ledger, f"at-{pipeline}")
    scene.engine.watch(events.watch)
    way = bulk(api, f"at-{pipeline}")
    flows = scene.engine.flows = PrefectFlows(
        FlowEngine(folder, engine_settings(prefect.api, None, folder)),
        agent=f"at-{pipeline}",
        engine=scene.engine,
        ledger=scene.ledger,
        deployments=deployments.ids,
        way=way,
    )
    scene.load(text)
    claims = Claims(own, scene.engine, scene.ledger, deployments, flows)
    errands = Errands(deployments, claims, events, counts)
    await errands.registered()
    tasks = [asyncio.create_task(errands.run()), asyncio.create_task(flows.run())]
    try:
        async with scene.mirroring(way, events=events, deployments=deployments.ids):
            yield Asked(scene, api, deployments, flows)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await flows.stop()
        scene.engine.stop()
        await own.close()
        await api.close()
        await scene.ledger.close()


async def test_a_run_asked_for_in_prefect_runs_here_under_its_id(
    tmp_path: Path, prefect: PrefectServer
) -> None:
    async with asked(tmp_path, prefect, "greet") as home:
        began = time.time()
        identity = await home.run(name="Ada")
        run = await home.until_state(identity, "Completed")
        (record,) = await home.scene.runs()
        report(f"started {record.started - began:.2f} s after it was asked for")
        assert record.inputs == {"wait": 0, "name": "Ada"} and record.trigger["id"] == "manual"

        async def logged() -> bool:
            return len(await home.shown.logs(identity)) == 1

        await until_true(logged)
        assert (await home.shown.logs(identity))[0]["message"] == "hello Ada"
        assert {t["task_key"] for t in await home.shown.task_runs()} == {"0", "1"}
        assert run["deployment_id"] == home.deployment and await home.shown.count() == 1


async def test_a_run_cancelled_in_prefect_ends_here(tmp_path: Path, prefect: PrefectServer) -> None:
    async with asked(tmp_path, prefect, "cancelled") as home:
        identity = await home.run(name="Bob", wait=60)
        await home.until_state(identity, "Running")
        path = f"/flow_runs/{identity}/set_state"
        await home.api.post(path, {"state": {"type": "CANCELLING"}})
        await home.until_state(identity, "Cancelled")
        await home.scene.ledger.flush()
        assert [run.state for run in await home.scene.runs()] == ["cancelled"]


async def test_a_deployment_paused_in_prefect_has_no_live_triggers_and_back(
    tmp_path: Path, prefect: PrefectServer
) -> None:
    async with asked(tmp_path, prefect, "paused") as home:
        lane = home.scene.engine.lanes["paused"]
        await home.api.post(f"/deployments/{home.deployment}/pause_deployment", {})
        await until(lambda: not lane.enabled)
        home.scene.engine.enable("paused", True)

        async def resumed() -> bool:
            found = await home.api.get(f"/deployments/{home.deployment}")
            return not found["paused"]

        await until_true(resumed)
        assert lane.enabled


async def test_values_that_do_not_fit_are_refused_before_anything_runs(
    tmp_path: Path, prefect: PrefectServer
) -> None:
    async with asked(tmp_path, prefect, "strict") as home:
        for wrong in ({}, {"name": "Ada", "wait": 61}, {"name": "Ada", "wait": "long"}):
            with pytest.raises(Refused):
                await home.run(**wrong)
        assert await home.shown.count() == 0


async def test_a_run_that_died_with_its_agent_is_crashed(
    tmp_path: Path, prefect: PrefectServer
) -> None:
    async with asked(tmp_path / "first", prefect, "crashed") as home:
        identity = await home.run(name="Ada", wait=60)
        await home.until_state(identity, "Running")
    async with asked(tmp_path / "other", prefect, "crashed") as home:
        run = await home.until_state(identity, "Crashed")
        assert run["state"]["message"] == "it died with its agent"


async def test_schedules_versions_and_tags_are_shown(
    tmp_path: Path, prefect: PrefectServer
) -> None:
    async with asked(tmp_path, prefect, "described") as home:
        found = await home.api.get(f"/deployments/{home.deployment}")
        assert found["version"] == home.scene.engine.lanes["described"].plan.version
        assert "room:cellar" in found["tags"] and found["description"].startswith("Greets")
        (schedule,) = found["schedules"]
        assert schedule["schedule"]["cron"] == "0 7 * * 1-5" and not schedule["active"]
        assert schedule["schedule"]["timezone"] == "Europe/Berlin"


async def test_failed_runs_and_lost_devices_are_events_that_automations_hear(
    tmp_path: Path, prefect: PrefectServer
) -> None:
    async with asked(tmp_path, prefect, "fails") as home:
        engine = home.scene.engine
        name = "lamp of fails"
        for value in (True, False):
            change = Change("fw:1", name, "available", None, value, None, True, time.time())
            engine.handle(Event(unique_id(), 0.0, 0.0, "mqtt", "t"), [change])
        home.scene.event(1)  # without a name to greet it fails
        await home.scene.ledger.flush()

        async def heard() -> bool:
            wanted = {"filter": {"event": {"prefix": ["hearthflow."]}}}
            found = (await home.api.post("/events/filter", wanted))["events"]
            names = {(e["event"], e["resource"]["prefect.resource.name"]) for e in found}
            return {
                ("hearthflow.run.failed", "fails"),
                ("hearthflow.device.unavailable", name),
            } <= names

        await until_true(heard)


async def test_an_artifact_counts_all_runs(tmp_path: Path, prefect: PrefectServer) -> None:
    async with asked(tmp_path, prefect, "counted") as home:
        for number in range(5):
            home.scene.event(number)
        own = Counts(home.api, home.scene.ledger, "at-counted")
        await own.tell()
        wanted = {"artifacts": {"key": {"any_": ["hearthflow-runs-at-counted"]}}}
        found = await home.api.post("/artifacts/filter", wanted)
        tables = [msgspec.json.decode(artifact["data"]) for artifact in found]
        counted = [[(row["pipeline"], row["runs"]) for row in rows] for rows in tables]
        assert [("counted", 5)] in counted


def test_inputs_are_a_form_with_types_limits_and_descriptions() -> None:
    schema = parameter_schema(
        {
            "level": Input(type="number", default=5, min=0, max=10, description="How much."),
            "colour": Input(type="select", options=["red", "green"], default="red"),
            "name": Input(required=True),
            "after": Input(type="duration", default="5m"),
        }
    )
    assert schema["required"] == ["name"]
    assert schema["properties"]["level"] == {
        "type": "number", "title": "level", "position": 0, "description": "How much.",
        "default": 5, "minimum": 0, "maximum": 10,
    }  # fmt: skip
    assert schema["properties"]["colour"]["enum"] == ["red", "green"]
    assert schema["properties"]["after"]["type"] == "string"
