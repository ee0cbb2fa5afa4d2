"""A home that runs a pipeline and mirrors it, and what Prefect shows of it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
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
from schemas.identity import stable_id
from schemas.run import RunRecord
from schemas.settings import PrefectSettings
from tests.flows.memory_devices import MemoryDevices
from tests.flows.rehearsing import compiled_text
from tests.ledger.made import settings
from tests.storms.scene import SOAK

ALL = PrefectSettings(per_minute=1_000_000, per_day=1_000_000_000, keep="3650d")
PAGE = 200
AT_ONCE = 5_000
PATIENCE = 1_800.0 if SOAK else 300.0

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
        self._mirror: Mirror | None = None
        self._loop = asyncio.get_running_loop()
        self.ledger.on_commit(self._committed)
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

    async def events(self, count: int, *, first: int = 0, rate: float = 1e9) -> list[float]:
        """So many events, at a rate a second; how long each took from when it was due to the end of
        its run, in seconds."""
        now = time.perf_counter  # the loop's own clock stands still while an event is handled
        began, took = now(), []
        for number in range(first, first + count):
            due = began + (number - first) / rate
            if number % 20 == 0 or due > now():
                await asyncio.sleep(max(0.0, due - now()))
            self.event(number)
            took.append(now() - due)
        await until(lambda: not any(lane.active for lane in self.engine.lanes.values()))
        await self.ledger.flush()
        return took

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
        follower, policy = self.ledger.follow("prefect", hold=True), Policy(wanted)
        mirror = Mirror(follower, policy, way, deployments=deployments or {}, events=events)
        self._mirror = mirror
        task = asyncio.create_task(mirror.run())
        try:
            yield mirror
        finally:
            self._mirror = None
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _committed(self, took: float) -> None:
        """Called by the ledger's thread."""
        if (mirror := self._mirror) is not None:
            self._loop.call_soon_threadsafe(mirror.committed)

    async def mirrored(self, way: Way) -> float:
        """Have everything carried to Prefect; how many seconds it took."""
        began = time.monotonic()
        async with self.mirroring(way) as mirror:
            await self.carried(mirror)
        return time.monotonic() - began

    async def carried(self, mirror: Mirror) -> None:
        """Wait until everything has reached Prefect."""
        await until_true(lambda: _none_left(mirror))

    async def runs(self) -> list[RunRecord]:
        """What the ledger holds, newest first; asked for in parts, for its memory is bounded."""
        found: dict[int, RunRecord] = {}
        before, known = None, -1
        while len(found) > known:
            known = len(found)
            for record in await self.ledger.runs(before=before, limit=AT_ONCE):
                found.setdefault(record.id, record)
                before = record.started + 1e-6  # those of the same moment come again
        return list(found.values())


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
    """Wait until something that takes a while to find out holds; half of that while is left to
    those who bring it about."""
    now = asyncio.get_running_loop().time
    async with asyncio.timeout(PATIENCE):
        asked = now()
        while not await done():
            await asyncio.sleep(max(0.03, now() - asked))
            asked = now()


async def _none_left(mirror: Mirror) -> bool:
    return await mirror.behind() == 0


def bulk(api: PrefectApi, agent: str = "home") -> BulkWay:
    """The way through our route."""
    return BulkWay(api, agent, PublicWay(api, agent))


class Shown:
    """What Prefect's public API says of a pipeline."""

    def __init__(self, api: PrefectApi, pipeline: str) -> None:
        self._api = api
        self._pipeline = pipeline
        self._flows = {"flows": {"name": {"any_": [pipeline, f"{pipeline}-sub"]}}}

    @asynccontextmanager
    async def another(self) -> AsyncIterator[Shown]:
        """The same over a connection of its own."""
        api = PrefectApi(self._api.url)
        try:
            yield Shown(api, self._pipeline)
        finally:
            await api.close()

    async def count(self, **filters: Any) -> int:
        """How many flow runs there are."""
        return int(await self._api.post("/flow_runs/count", self._flows | filters))

    async def count_ended_tasks(self) -> int:
        """How many task runs have ended."""
        ended = {"state": {"type": {"any_": ["COMPLETED", "FAILED"]}}}
        return int(await self._api.post("/task_runs/count", self._flows | {"task_runs": ended}))

    async def flow_runs(self, ids: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """Every flow run, or those of these ids."""
        return await self._pages("/flow_runs/filter", self._of(ids), sort="ID_DESC")

    async def task_runs(self, ids: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """Every task run, or those of these flow runs."""
        return await self._pages("/task_runs/filter", self._of(ids), sort="ID_DESC")

    async def logs(self, *flow_runs: str) -> list[dict[str, Any]]:
        """The log lines of these runs in order."""
        wanted = {"logs": {"flow_run_id": {"any_": flow_runs}}}
        return await self._pages("/logs/filter", wanted, sort="TIMESTAMP_ASC")

    async def states(self, kind: str, identity: str) -> list[str]:
        """The names of the states of a `flow` run or `task` run, in order."""
        found = await self._api.get(f"/{kind}_run_states/?{kind}_run_id={identity}")
        return [state["name"] for state in sorted(found, key=lambda state: state["timestamp"])]

    async def graph(self, flow_run: str) -> dict[str, dict[str, Any]]:
        """The nodes of a run's graph by the id of their task run."""
        answer = await self._api.get(f"/flow_runs/{flow_run}/graph-v2")
        return {node[1]["id"]: node[1] for node in answer["nodes"]}

    def _of(self, ids: Sequence[str] | None) -> dict[str, Any]:
        return self._flows if ids is None else {"flow_runs": {"id": {"any_": ids}}}

    async def _pages(self, path: str, wanted: dict[str, Any], sort: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            span = {"limit": PAGE, "offset": len(found), "sort": sort}
            page = await self._api.post(path, span | wanted)
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
