"""The agent as verbs see it, and the one that holds the home, over its socket."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from edge_agent.cli.wire import Wire, part
from schemas.api import (
    Accepted,
    AgentView,
    DeviceView,
    Message,
    Query,
    QueryAnswer,
    RunPage,
    RunQuery,
    RunStarted,
    StartRun,
)
from schemas.device import Command
from schemas.files import ReloadAnswer, Rollback, RolledBack, VersionText, VersionView
from schemas.model_views import ModelView
from schemas.replays import RecordedPage, RecordedQuery, ReplayReport, ReplayRequest
from schemas.shadows import ShadowReport, StartShadow
from schemas.traces import Trace
from schemas.why import WhyNot


class Agent(Protocol):
    """What verbs ask; see `schemas/api.py` for the answers.

    A mistake of the user is a `UserError`, what fails outside is `Outside`.
    """

    def start(self, pipeline: str, request: StartRun) -> RunStarted:
        """Start a run by hand."""

    def runs(self, query: RunQuery) -> RunPage:
        """Runs, newest first."""

    def trace(self, run: str) -> Trace:
        """One run by its id."""

    def why_not(self, pipeline: str, at: datetime | None) -> WhyNot:
        """Why a pipeline did not run at a time, by default now."""

    def replay(self, request: ReplayRequest) -> ReplayReport:
        """What pipelines would have done in the past."""

    def recorded(self, query: RecordedQuery) -> RecordedPage:
        """MQTT messages that came, a page at a time."""

    def versions(self, pipeline: str) -> Sequence[VersionView]:
        """The versions of a pipeline, newest first."""

    def version(self, pipeline: str, number: int) -> VersionText:
        """What one of them said."""

    def rollback(self, pipeline: str, number: int | None) -> RolledBack:
        """Write a version back into its file."""

    def devices(self) -> Sequence[DeviceView]:
        """Every device."""

    def unknown(self) -> Mapping[str, int]:
        """How many messages came on each topic that belongs to no firmware."""

    def command(self, device: str, command: Command) -> None:
        """Tell a device what to do."""

    def query(self, sql: str, params: dict[str, Any]) -> QueryAnswer:
        """Read-only SQL."""

    def send(self, messages: Sequence[Message]) -> int:
        """Take messages in, or publish them; how many were taken."""


class RunningAgent:
    """The agent that listens on a socket."""

    def __init__(self, socket_path: Path) -> None:
        self._wire = Wire(socket_path)

    def describe(self) -> AgentView:
        """What runs where."""
        return self._wire.get("/api/v1/agent", AgentView)

    def models(self) -> Sequence[ModelView]:
        """Every model, and how it does."""
        return self._wire.get("/api/v1/models", list[ModelView])

    def versions(self, pipeline: str) -> Sequence[VersionView]:
        """The versions of a pipeline, newest first."""
        return self._wire.get(f"/api/v1/pipelines/{part(pipeline)}/versions", list[VersionView])

    def version(self, pipeline: str, number: int) -> VersionText:
        """What one of them said."""
        return self._wire.get(f"/api/v1/pipelines/{part(pipeline)}/versions/{number}", VersionText)

    def rollback(self, pipeline: str, number: int | None) -> RolledBack:
        """Write a version back into its file, and put it in force."""
        path = f"/api/v1/pipelines/{part(pipeline)}/rollback"
        return self._wire.post(path, Rollback(number), RolledBack)

    def start_shadow(self, request: StartShadow) -> ShadowReport:
        """Run versions beside the live ones."""
        return self._wire.post("/api/v1/shadows", request, ShadowReport)

    def shadow(self, identity: str) -> ShadowReport:
        """How they compare by now."""
        return self._wire.get(f"/api/v1/shadows/{part(identity)}", ShadowReport)

    def stop_shadow(self, identity: str) -> ShadowReport:
        """End them; how they compared."""
        return self._wire.post(f"/api/v1/shadows/{part(identity)}/stop", None, ShadowReport)

    def reload(self) -> ReloadAnswer:
        """Put what has changed in the files in force."""
        return self._wire.post("/api/v1/reload", None, ReloadAnswer)

    def start(self, pipeline: str, request: StartRun) -> RunStarted:
        """Start a run by hand."""
        return self._wire.post(f"/api/v1/pipelines/{part(pipeline)}/run", request, RunStarted)

    def runs(self, query: RunQuery) -> RunPage:
        """Runs, newest first."""
        fields = {name: getattr(query, name) for name in query.__struct_fields__}
        return self._wire.get("/api/v1/runs", RunPage, **fields)

    def trace(self, run: str) -> Trace:
        """One run by its id."""
        return self._wire.get(f"/api/v1/runs/{part(run)}", Trace)

    def why_not(self, pipeline: str, at: datetime | None) -> WhyNot:
        """Why a pipeline did not run at a time, by default now."""
        return self._wire.get(f"/api/v1/pipelines/{part(pipeline)}/why-not", WhyNot, at=at)

    def replay(self, request: ReplayRequest) -> ReplayReport:
        """What pipelines would have done in the past."""
        return self._wire.post("/api/v1/replays", request, ReplayReport)

    def recorded(self, query: RecordedQuery) -> RecordedPage:
        """MQTT messages that came, a page at a time."""
        fields = {name: getattr(query, name) for name in query.__struct_fields__}
        return self._wire.get("/api/v1/recording", RecordedPage, **fields)

    def devices(self) -> Sequence[DeviceView]:
        """Every device."""
        return self._wire.get("/api/v1/devices", list[DeviceView])

    def unknown(self) -> Mapping[str, int]:
        """How many messages came on each topic that belongs to no firmware."""
        topics: Mapping[str, int] = self.describe().facts.get("unknown_topics", {})
        return topics

    def command(self, device: str, command: Command) -> None:
        """Tell a device what to do."""
        self._wire.post(f"/api/v1/devices/{part(device)}/command", command, Any)

    def query(self, sql: str, params: dict[str, Any]) -> QueryAnswer:
        """Read-only SQL."""
        return self._wire.post("/api/v1/query", Query(sql, params), QueryAnswer)

    def send(self, messages: Sequence[Message]) -> int:
        """Take messages in, or publish them; how many were taken."""
        return self._wire.post("/api/v1/agent/messages", messages, Accepted).accepted
