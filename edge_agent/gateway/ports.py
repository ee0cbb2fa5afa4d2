"""What the gateway asks of the agent: small protocols, wired by `edge_agent/main.py`.

Every method may raise `LookupError` (answered with 404, its text is shown), `UserError` (422, with
the problems) and `OSError` (503: something outside failed).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from edge_agent.gateway.live import Live
from edge_agent.monitoring.health import Health
from edge_agent.monitoring.measures import Measures
from edge_agent.monitoring.metrics import Metrics
from schemas.api import (
    AgentView,
    Bucket,
    DeviceView,
    HookCall,
    Message,
    PipelineView,
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
from schemas.model import Asker, ChatPart, ChatRequest
from schemas.model_views import ModelView
from schemas.replays import RecordedPage, RecordedQuery, ReplayReport, ReplayRequest
from schemas.shadows import ShadowReport, StartShadow
from schemas.traces import Trace
from schemas.why import WhyNot


class Pipelines(Protocol):
    """The pipelines of the home."""

    async def all(self) -> Sequence[PipelineView]:
        """Every pipeline, also disabled and quarantined ones."""

    async def one(self, pipeline: str) -> PipelineView:
        """One pipeline by its id."""

    async def start(self, pipeline: str, request: StartRun) -> RunStarted:
        """Start a run; with `wait` or `dry_run` the answer holds the whole trace."""

    async def switch(self, pipeline: str, *, on: bool) -> None:
        """Make its triggers live, or not."""


class History(Protocol):
    """What the ledger keeps."""

    async def runs(self, query: RunQuery) -> RunPage:
        """Runs, newest first."""

    async def trace(self, run: int) -> Trace:
        """One run by its id."""

    async def readings(self, query: ReadingQuery) -> Sequence[ReadingView]:
        """Readings, newest first."""

    async def buckets(self, query: ReadingQuery, seconds: float) -> Sequence[Bucket]:
        """Numeric readings averaged over spans of `seconds`, newest first."""

    async def query(self, sql: str, params: Mapping[str, Any]) -> QueryAnswer:
        """Read-only SQL; a mistake in it is a `UserError`."""


class Devices(Protocol):
    """The device registry."""

    async def all(self) -> Sequence[DeviceView]:
        """Every device."""

    async def one(self, device: str) -> DeviceView:
        """One device by name, alias or key."""

    async def command(self, device: str, command: Command) -> None:
        """Encode by the device's profile and send."""


class Hooks(Protocol):
    """The webhooks that pipelines listen on."""

    def methods(self, hook: str) -> Sequence[str]:
        """The HTTP methods a hook's triggers want, in capitals."""

    async def call(self, call: HookCall) -> Sequence[str]:
        """Fire the hook's triggers; the ids of the runs this started."""


class Messages(Protocol):
    """What people write or say."""

    async def take(self, said: Said, principal: str) -> Sequence[str]:
        """Show a message to the pipelines; the ids of the runs it started."""


class Agent(Protocol):
    """The agent itself."""

    async def describe(self) -> AgentView:
        """What runs where."""

    async def send(self, messages: Sequence[Message]) -> None:
        """Take messages in as if the broker had sent them, or publish them."""

    def stop(self) -> None:
        """Begin to shut down."""


class Models(Protocol):
    """The models of the home; `ValueError` (400): a model cannot do what is asked."""

    def names(self) -> Sequence[str]:
        """Their names."""

    def all(self) -> Sequence[ModelView]:
        """Every model, and how it does."""

    def one(self, model: str) -> ModelView:
        """One of them."""

    def chat(self, model: str, request: ChatRequest, asker: Asker) -> AsyncIterator[ChatPart]:
        """An answer, piece by piece; to stop iterating aborts it. `Busy` (429): not now."""

    async def embed(self, model: str, texts: Sequence[str], asker: Asker) -> Sequence[list[float]]:
        """A vector for each text."""


class Files(Protocol):
    """The files of the home, and what is in force of them."""

    async def reload(self) -> ReloadAnswer:
        """Put what has changed in force now."""

    async def problems(self) -> Sequence[UserProblem]:
        """Everything that is wrong in the files."""

    async def versions(self, pipeline: str) -> Sequence[VersionView]:
        """The versions of a pipeline, newest first."""

    async def version(self, pipeline: str, number: int) -> VersionText:
        """What one of them said."""

    async def rollback(self, pipeline: str, number: int | None) -> RolledBack:
        """Write a version back into its file, and put it in force."""


class ShadowRuns(Protocol):
    """Versions run beside the live ones."""

    async def start(self, request: StartShadow) -> ShadowReport:
        """Run the versions of a text beside the live ones."""

    async def report(self, identity: str) -> ShadowReport:
        """How they compare by now."""

    async def stop(self, identity: str) -> ShadowReport:
        """End them; how they compared."""


class Reasons(Protocol):
    """Why pipelines did not run."""

    async def why_not(self, pipeline: str, at: float | None) -> WhyNot:
        """Why a pipeline did not run at a time (epoch seconds), by default now."""


class Replays(Protocol):
    """The past: what came, and pipelines played over it."""

    async def replay(self, request: ReplayRequest) -> ReplayReport:
        """What the pipelines of a file would have done."""

    async def recorded(self, query: RecordedQuery) -> RecordedPage:
        """MQTT messages that came, a page at a time."""


class Gateway(Struct, frozen=True):
    """Everything the HTTP interface reaches."""

    pipelines: Pipelines
    history: History
    devices: Devices
    hooks: Hooks
    messages: Messages
    agent: Agent
    files: Files
    shadows: ShadowRuns
    reasons: Reasons
    models: Models
    replays: Replays
    live: Live
    health: Health
    metrics: Metrics
    measures: Measures
