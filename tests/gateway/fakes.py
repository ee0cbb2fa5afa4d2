"""A gateway over data in memory: one pipeline, one device, one hook."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from edge_agent.gateway.live import Live
from edge_agent.gateway.ports import Gateway
from edge_agent.monitoring.health import Health
from edge_agent.monitoring.measures import Measures, watch_process
from edge_agent.monitoring.metrics import Metrics
from pipelines.ports import Busy
from schemas.api import (
    AgentView,
    Bucket,
    DeviceView,
    HookCall,
    Message,
    PipelineView,
    PropertyView,
    QueryAnswer,
    ReadingQuery,
    ReadingView,
    RunPage,
    RunQuery,
    RunStarted,
    StartRun,
    UserProblem,
)
from schemas.device import Command
from schemas.files import ReloadAnswer, RolledBack, VersionText, VersionView
from schemas.message import Said
from schemas.model import Asker, ChatPart, ChatRequest, ToolCall, Usage
from schemas.model_views import ModelView
from schemas.problem import Position, Problem, UserError
from schemas.replays import (
    Recorded,
    RecordedPage,
    RecordedQuery,
    ReplayReport,
    ReplayRequest,
)
from schemas.shadows import Action, ShadowFiring, ShadowReport, ShadowSide, StartShadow
from schemas.traces import RunSummary, StepView, Trace
from schemas.why import WhyNot

NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)
RUN = UUID(int=7)
SUMMARY = RunSummary(str(RUN), "freezer-alarm", "completed", NOON, NOON, "warm")
TRACE = Trace(SUMMARY, {"id": "warm"}, steps=[StepView("0", "log", "completed", NOON, NOON)])


class FakePipelines:
    def __init__(self) -> None:
        self.enabled = True
        self.started: list[StartRun] = []

    async def all(self) -> Sequence[PipelineView]:
        return [await self.one("freezer-alarm")]

    async def one(self, pipeline: str) -> PipelineView:
        if pipeline != "freezer-alarm":
            raise LookupError(f"no pipeline `{pipeline}`")
        return PipelineView(pipeline, "Warns.", self.enabled, last_run=SUMMARY)

    async def start(self, pipeline: str, request: StartRun) -> RunStarted:
        await self.one(pipeline)
        if "limit" in request.inputs and not isinstance(request.inputs["limit"], int | float):
            at = Position("pipelines/freezer.yaml", 4, 3)
            raise UserError(Problem(at, "`limit` must be a number", "write `-12`"))
        self.started.append(request)
        trace = TRACE if request.wait or request.dry_run else None
        return RunStarted(str(RUN), "completed" if trace else "running", trace=trace)

    async def switch(self, pipeline: str, *, on: bool) -> None:
        await self.one(pipeline)
        self.enabled = on


class FakeHistory:
    def __init__(self) -> None:
        self.asked: list[RunQuery | ReadingQuery] = []
        self.disk_full = False
        self.stuck: asyncio.Event | None = None
        self.asked_trace = threading.Event()

    async def runs(self, query: RunQuery) -> RunPage:
        self.asked.append(query)
        if self.disk_full:
            raise OSError("the ledger cannot be read")
        return RunPage([SUMMARY], next="older")

    async def trace(self, run: int) -> Trace:
        if self.stuck is not None:
            self.asked_trace.set()
            await self.stuck.wait()
        if run != RUN.int:
            raise LookupError("no such run")
        return TRACE

    async def readings(self, query: ReadingQuery) -> Sequence[ReadingView]:
        self.asked.append(query)
        return [ReadingView(NOON, "freezer", "z:1", "temperature", -18.5, "°C")]

    async def buckets(self, query: ReadingQuery, seconds: float) -> Sequence[Bucket]:
        self.asked.append(query)
        return [Bucket(NOON, "freezer", "z:1", "temperature", -18.0, -19.0, -17.0, int(seconds))]

    async def query(self, sql: str, params: Mapping[str, Any]) -> QueryAnswer:
        if not sql.lower().startswith("select"):
            raise UserError(Problem(Position(), "only SELECT is allowed here"))
        return QueryAnswer(["n"], [{"n": len(params), "at": NOON}])


class FakeDevices:
    def __init__(self) -> None:
        self.commands: list[tuple[str, Command]] = []

    async def all(self) -> Sequence[DeviceView]:
        return [await self.one("freezer")]

    async def one(self, device: str) -> DeviceView:
        if device not in {"freezer", "cellar/freezer", "zigbee2mqtt:0x1"}:
            raise LookupError(f"no device `{device}`")
        shown = [PropertyView("temperature", -18.5, "°C")]
        return DeviceView("zigbee2mqtt:0x1", device, properties=shown)

    async def command(self, device: str, command: Command) -> None:
        await self.one(device)
        self.commands.append((device, command))


class FakeHooks:
    def __init__(self) -> None:
        self.calls: list[HookCall] = []

    def methods(self, hook: str) -> Sequence[str]:
        if hook != "doorbell":
            raise LookupError(f"no pipeline listens on the hook `{hook}`")
        return ["POST", "GET"]

    async def call(self, call: HookCall) -> Sequence[str]:
        self.calls.append(call)
        return [str(RUN)]


class FakeMessages:
    def __init__(self) -> None:
        self.said: list[tuple[Said, str]] = []

    async def take(self, said: Said, principal: str) -> Sequence[str]:
        self.said.append((said, principal))
        return [str(RUN)]


class FakeAgent:
    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.stopped = False

    async def describe(self) -> AgentView:
        return AgentView("home", "0", 1, NOON)

    async def send(self, messages: Sequence[Message]) -> None:
        self.messages.extend(messages)

    def stop(self) -> None:
        self.stopped = True


class FakeReasons:
    def __init__(self) -> None:
        self.asked: list[float | None] = []

    async def why_not(self, pipeline: str, at: float | None) -> WhyNot:
        if pipeline != "freezer-alarm":
            raise LookupError(f"there is no pipeline `{pipeline}`")
        self.asked.append(at)
        return WhyNot(pipeline, NOON, "no_event", "freezer-alarm did not run: nothing came.")


class FakeReplays:
    async def replay(self, request: ReplayRequest) -> ReplayReport:
        return ReplayReport(["freezer-alarm"], NOON, NOON, 0)

    async def recorded(self, query: RecordedQuery) -> RecordedPage:
        assert query.topic
        return RecordedPage([Recorded(1.0, "a/b", "x")])


class FakeFiles:
    async def reload(self) -> ReloadAnswer:
        return ReloadAnswer(changed=["freezer-alarm"], unchanged=3)

    async def problems(self) -> Sequence[UserProblem]:
        return [UserProblem("unknown key `topc`", "pipelines/attic.yaml", 4, 5)]

    async def versions(self, pipeline: str) -> Sequence[VersionView]:
        if pipeline != "freezer-alarm":
            raise LookupError(f"no agent has had a pipeline `{pipeline}` in service here")
        return [VersionView(1, "abc", NOON)]

    async def version(self, pipeline: str, number: int) -> VersionText:
        await self.versions(pipeline)
        return VersionText(number, "abc", "id: freezer-alarm")

    async def rollback(self, pipeline: str, number: int | None) -> RolledBack:
        await self.versions(pipeline)
        return RolledBack(number or 1, "pipelines/freezer.yaml")


class FakeShadows:
    async def start(self, request: StartShadow) -> ShadowReport:
        return ShadowReport("s1", ["freezer-alarm"], NOON)

    async def report(self, identity: str) -> ShadowReport:
        if identity != "s1":
            raise LookupError(f"no comparison `{identity}` goes on")
        acts = [Action("publish", "out", "1"), Action("device", "lamp", {"set": 1})]
        side = ShadowSide(str(RUN), "completed", actions=acts)
        firing = ShadowFiring("freezer-alarm", NOON, "mqtt", "a", "different", side)
        return ShadowReport("s1", ["freezer-alarm"], NOON, {"same": 1, "different": 1}, [firing])

    async def stop(self, identity: str) -> ShadowReport:
        return await self.report(identity)


class FakeModels:
    """`echo` says what it was told, word by word; `broken` fails in the middle."""

    def __init__(self) -> None:
        self.asked: list[ChatRequest] = []
        self.askers: list[Asker] = []
        self.aborted = 0

    def names(self) -> Sequence[str]:
        return ["echo", "broken"]

    def all(self) -> Sequence[ModelView]:
        return [self.one(name) for name in self.names()]

    def one(self, model: str) -> ModelView:
        if model not in self.names():
            raise LookupError(f"there is no model `{model}`")
        return ModelView(
            name=model, driver="tvm", requests=12, queries_per_second=0.2, p50_seconds=0.01,
            p95_seconds=0.5, tokens=30, tokens_per_second=60.0, memory_bytes=70_000_000,
        )  # fmt: skip

    async def chat(self, model: str, request: ChatRequest, asker: Asker) -> AsyncIterator[ChatPart]:
        self.asked.append(request)
        self.askers.append(asker)
        if request.max_tokens == 42:
            raise Busy("64 requests wait already; ask again later", 2.5)
        if model not in self.names():
            raise LookupError(f"there is no model `{model}`")
        if request.max_tokens == 13:
            raise ValueError("13 tokens bring bad luck")
        if request.tools:
            call = ToolCall("call_1", request.tools[0]["function"]["name"], "{}")
            yield ChatPart(tool_calls=[call], finish="tool_calls", usage=Usage(3, 1))
            return
        ended = False
        try:
            for word in str(request.messages[-1]["content"]).split(" "):
                await asyncio.sleep(0)
                yield ChatPart(text=f"{word} ")
                if model == "broken":
                    raise OSError("the model's process ended")
            ended = True
            yield ChatPart(finish="stop", usage=Usage(3, 2))
        finally:
            self.aborted += not ended

    async def embed(self, model: str, texts: Sequence[str], asker: Asker) -> Sequence[list[float]]:
        return [[float(len(text)), 0.5] for text in texts]


class Parts:
    """The fakes behind a gateway, for tests to look at."""

    def __init__(self) -> None:
        self.pipelines = FakePipelines()
        self.history = FakeHistory()
        self.devices = FakeDevices()
        self.hooks = FakeHooks()
        self.messages = FakeMessages()
        self.agent = FakeAgent()
        self.files = FakeFiles()
        self.shadows = FakeShadows()
        self.reasons = FakeReasons()
        self.models = FakeModels()
        self.replays = FakeReplays()
        self.live = Live()
        self.health = Health()
        self.metrics = Metrics()
        watch_process(self.metrics)
        self.gateway = Gateway(
            self.pipelines,
            self.history,
            self.devices,
            self.hooks,
            self.messages,
            self.agent,
            self.files,
            self.shadows,
            self.reasons,
            self.models,
            self.replays,
            self.live,
            self.health,
            self.metrics,
            Measures(self.metrics),
        )
