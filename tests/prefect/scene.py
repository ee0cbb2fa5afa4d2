"""A home that runs a pipeline and mirrors it, and a strict comparison of the two histories."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from edge_agent.clock import SystemClock
from edge_agent.ledger import Ledger
from edge_agent.prefect.api import PrefectApi
from edge_agent.prefect.mirror import Mirror, Tell, Way
from edge_agent.prefect.policy import Policy
from edge_agent.prefect.public import PublicWay
from edge_agent.prefect.ways import BulkWay
from flows.engine import Engine
from flows.memory import HomeMemory
from flows.rehearsal_ports import MemoryMessages, MemoryOutside
from pipelines.plan import Plan
from pipelines.ports import Home, Ports
from schemas.event import Event
from schemas.identity import stable_id, text_id
from schemas.run import RunRecord, StepRecord
from schemas.settings import PrefectSettings
from tests.flows.memory_devices import MemoryDevices
from tests.flows.rehearsing import compiled_text
from tests.ledger.made import settings
from tests.storms.scene import SOAK

ALL = PrefectSettings(per_minute=1_000_000, per_day=1_000_000_000, keep="3650d")
PAGE = 200
PATIENCE = 600.0 if SOAK else 120.0

FIVE_STEPS = """
id: {pipeline}
labels: {{room: cellar}}
mode: parallel
max: 1000
inputs:
  level: {{type: number, default: 5}}
triggers:
  - {{id: go, mqtt: {{topic: in}}}}
steps:
  - id: first
    publish: {{topic: out/first, payload: {{n: "{{{{ trigger.payload.n }}}}"}}}}
  - parallel:
      - - publish: {{topic: out/left}}
        - log: "left of {{{{ trigger.payload.n }}}}"
      - id: right
        publish: {{topic: out/right}}
  - choose:
      branches:
        - if: "{{{{ trigger.payload.n % 2 == 0 }}}}"
          steps: [{{publish: {{topic: out/even}}}}]
      otherwise: [{{repeat: {{count: 2, steps: [{{publish: {{topic: out/odd}}}}]}}}}]
  - publish: {{topic: "out/{{{{ 1 // (trigger.payload.n % 10) }}}}"}}
    retry: {{attempts: 3, delay: 1ms}}
  - id: sub
    run: {{pipeline: {pipeline}-sub, inputs: {{n: "{{{{ trigger.payload.n }}}}"}}}}
"""
SUB = """
id: {pipeline}-sub
labels: {{room: cellar}}
mode: parallel
max: 1000
inputs:
  n: {{type: number}}
steps:
  - log: "sub of {{{{ inputs.n }}}}"
"""


class Scene:
    """An engine with a real ledger, and a mirror to a server."""

    def __init__(self, folder: Path, pipeline: str, text: str | None = FIVE_STEPS) -> None:
        """The pipeline is in service once it is given a text, here or with `load`."""
        self.pipeline = pipeline
        folder.mkdir(exist_ok=True)
        self.ledger = Ledger.open(folder / "ledger.duckdb", settings())
        clock = SystemClock()
        self.engine = Engine(clock, self.ledger, self.ledger.slots())
        memory = HomeMemory(self.ledger, clock.now, self.ledger.memory())
        self.messages = MemoryMessages()
        world = MemoryOutside()
        devices = MemoryDevices(clock.now, {})
        self._ports = Ports(
            clock, self.messages, devices, memory, world, self.engine, self.engine.calls, Home()
        )
        self._now = clock.now
        if text is not None:
            self.load(text)

    def load(self, text: str) -> None:
        """Put the pipeline and the one it calls in service."""
        texts = (each.format(pipeline=self.pipeline) for each in (SUB, text))
        self.engine.load([_plan(each, self._ports) for each in texts])

    def event(self, number: int) -> None:
        """Let something happen that starts a run."""
        now = self._now()
        identity = stable_id(self.pipeline, str(number))
        event = Event(identity, now, now, "mqtt", "in", {"n": number}, b'{"n": %d}' % number)
        self.ledger.event(event)
        self.engine.handle(event)

    async def events(self, count: int, *, first: int = 0, rate: float = 1e9) -> None:
        """So many events, at a rate a second."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(first, first + count):
            self.event(number)
            if number % 20 == 0:
                await asyncio.sleep(max(0.0, began + (number - first) / rate - loop.time()))
        await until(lambda: not any(lane.active for lane in self.engine.lanes.values()))
        await self.ledger.flush()

    @asynccontextmanager
    async def mirroring(
        self,
        way: Way,
        wanted: PrefectSettings = ALL,
        *,
        events: Tell | None = None,
        deployments: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Mirror]:
        """A mirror at work, from where the last one came to."""
        loop, follower = asyncio.get_running_loop(), self.ledger.follow("prefect", hold=True)
        mirror = Mirror(follower, Policy(wanted), way, deployments=deployments or {}, events=events)

        def committed(took: float) -> None:
            loop.call_soon_threadsafe(mirror.committed)

        self.ledger.on_commit(committed)
        task = asyncio.create_task(mirror.run())
        try:
            yield mirror
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def carried(self, mirror: Mirror) -> None:
        """Wait until everything has reached Prefect."""
        await until_true(lambda: _none_left(mirror))

    async def runs(self) -> list[RunRecord]:
        """What the ledger holds."""
        return list(await self.ledger.runs(limit=1_000_000))


def _plan(text: str, ports: Ports) -> Plan:
    (plan,), problems = compiled_text(text, ports)
    assert all(problem.severity == "warning" for problem in problems), problems
    return plan


async def until(done: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(PATIENCE):
        while not done():  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(0.01)


async def until_true(done: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something that takes a while to find out holds."""
    async with asyncio.timeout(PATIENCE):
        while not await done():  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(0.03)


async def _none_left(mirror: Mirror) -> bool:
    return await mirror.behind() == 0


def bulk(api: PrefectApi, agent: str = "home") -> BulkWay:
    """The way through our route."""
    return BulkWay(api, agent, PublicWay(api, agent))


class Shown:
    """What Prefect's public API says of a pipeline, page by page."""

    def __init__(self, api: PrefectApi, pipeline: str) -> None:
        self._api = api
        self._flows = {"flows": {"name": {"any_": [pipeline, f"{pipeline}-sub"]}}}

    async def count(self, **filters: Any) -> int:
        """How many flow runs there are."""
        return int(await self._api.post("/flow_runs/count", self._flows | filters))

    async def flow_runs(self) -> list[dict[str, Any]]:
        """Every flow run."""
        return await self._pages("/flow_runs/filter", sort="ID_DESC")

    async def task_runs(self) -> list[dict[str, Any]]:
        """Every task run."""
        return await self._pages("/task_runs/filter", sort="ID_DESC")

    async def states(self, kind: str, identity: str) -> list[str]:
        """The names of the states of a `flow` run or `task` run, in order."""
        found = await self._api.get(f"/{kind}_run_states/?{kind}_run_id={identity}")
        return [state["name"] for state in sorted(found, key=lambda state: state["timestamp"])]

    async def graph(self, flow_run: str) -> dict[str, dict[str, Any]]:
        """The nodes of a run's graph by the id of their task run."""
        answer = await self._api.get(f"/flow_runs/{flow_run}/graph-v2")
        return {node[1]["id"]: node[1] for node in answer["nodes"]}

    async def logs(self, flow_run: str) -> list[dict[str, Any]]:
        """A run's log lines in order."""
        wanted = {"logs": {"flow_run_id": {"any_": [flow_run]}}, "sort": "TIMESTAMP_ASC"}
        lines: list[dict[str, Any]] = await self._api.post("/logs/filter", wanted)
        return lines

    async def _pages(self, path: str, **more: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            span = {"limit": PAGE, "offset": len(found)}
            page = await self._api.post(path, self._flows | span | more)
            found += page
            if len(page) < PAGE:
                return found


def seconds(text: str) -> float:
    """A time of the API as epoch seconds."""
    return datetime.fromisoformat(text).timestamp()


def near(text: str | None, at: float | None) -> bool:
    """Whether a time of the API is this one, to the millisecond."""
    if text is None or at is None:
        return text is None and at is None
    return abs(seconds(text) - at) < 0.001


async def compare(scene: Scene, shown: Shown, *, closely: Callable[[int], bool]) -> None:
    """Prefect's history is the ledger's: every run with its steps once, states, times; edges, logs
    and state history of those looked at closely (by their number)."""
    records = {text_id(record.id): record for record in await scene.runs()}
    flow_runs = {run["id"]: run for run in await shown.flow_runs()}
    assert flow_runs.keys() == records.keys()
    assert await shown.count() == len(records)
    tasks: dict[str, dict[Place, dict[str, Any]]] = {identity: {} for identity in records}
    for task in await shown.task_runs():
        tasks[task["flow_run_id"]][_place(task)] = task
    for number, (identity, record) in enumerate(records.items()):
        _same_run(flow_runs[identity], record)
        _same_steps(tasks[identity], record)
        if record.parent:
            _same_call(flow_runs[identity], tasks[text_id(record.parent)])
        if closely(number):
            _same_edges(await shown.graph(identity), tasks[identity], record)
            _same_logs(await shown.logs(identity), record)
            assert await shown.states("flow", identity) == ["Running", record.state.capitalize()]
            await _same_tries(shown, tasks[identity], record)


Place = tuple[str, str]


def _place(task: dict[str, Any]) -> Place:
    return task["task_key"], task["dynamic_key"]


def _place_of(step: StepRecord) -> Place:
    return step.path, ".".join(map(str, step.rounds)) or "0"


def _same_run(run: dict[str, Any], record: RunRecord) -> None:
    assert run["state_name"] == record.state.capitalize()
    assert run["state_type"] == record.state.upper()
    assert near(run["start_time"], record.started) and near(run["end_time"], record.finished)
    assert (run["state"]["message"] or "") == record.error
    assert run["parameters"] == record.inputs and run["flow_version"] == record.version
    assert run["context"]["trigger"] == record.trigger and "room:cellar" in run["tags"]


def _same_call(run: dict[str, Any], tasks: dict[Place, dict[str, Any]]) -> None:
    assert run["parent_task_run_id"] == tasks["sub", "0"]["id"]


def _same_steps(tasks: dict[Place, dict[str, Any]], record: RunRecord) -> None:
    assert tasks.keys() == {_place_of(step) for step in record.steps}
    for step in record.steps:
        task = tasks[_place_of(step)]
        assert task["state_name"].lower() == step.state
        assert near(task["start_time"], step.started) and near(task["end_time"], step.finished)
        assert (task["state"]["message"] or "") == step.error


def _same_edges(
    graph: dict[str, dict[str, Any]], tasks: dict[Place, dict[str, Any]], record: RunRecord
) -> None:
    """Every step but the first of a block comes after one of the same block and round."""
    places = {task["id"]: place for place, task in tasks.items()}
    assert len(graph) == len(places)
    steps = {_place_of(step): step for step in record.steps}
    for node in graph.values():
        if node["kind"] == "flow-run":
            continue
        step = steps[places[node["id"]]]
        around = [places[edge["id"]][0] for edge in node["encapsulating"]]
        assert around == ([step.parent] if step.parent else [])
        for edge in node["parents"]:
            before = steps[places[edge["id"]]]
            assert before.parent == step.parent and before.started <= step.started
    first = [n for n in graph.values() if not n["parents"] and not n["encapsulating"]]
    assert len(first) == 1


def _same_logs(lines: list[dict[str, Any]], record: RunRecord) -> None:
    texts = [line["message"] for line in lines]
    for effect in record.effects:
        text = f"{effect.kind} {effect.target}"
        assert [line for line in lines if line["message"].startswith(text)]
        assert any(near(line["timestamp"], effect.ts) for line in lines)
    said = [step.values["message"] for step in record.steps if step.kind == "log"]
    errors = [step.error for step in record.steps if step.error]
    assert set(said) | set(errors) <= set(texts)
    assert len(lines) == len(record.effects) + len(said) + len(errors) + bool(record.error)


async def _same_tries(shown: Shown, tasks: dict[Place, dict[str, Any]], record: RunRecord) -> None:
    for step in record.steps:
        if step.notes is None or len(step.notes.tries) < 2:
            continue
        again = ["AwaitingRetry", "Retrying"] * (len(step.notes.tries) - 1)
        states = await shown.states("task", tasks[_place_of(step)]["id"])
        assert states == ["Running", *again, step.state.capitalize()]
