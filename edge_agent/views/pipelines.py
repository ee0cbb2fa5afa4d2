"""The pipelines in service, and runs started by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from edge_agent.gateway.live import run_summary
from edge_agent.views.traces import trace_of
from flows.calls import no_such
from flows.engine import Engine
from flows.lane import Lane
from pipelines.plan import Plan
from pipelines.scope import Scope
from pipelines.step import StepFailed
from schemas.api import PipelineView, RunStarted, StartRun, UserProblem
from schemas.identity import text_id
from schemas.problem import Position, Problem, UserError
from schemas.run import RunRecord
from schemas.traces import RunSummary


class PipelinesView:
    """Implements `edge_agent.gateway.ports.Pipelines`."""

    def __init__(self, engine: Engine, problems: Callable[[Plan], Sequence[Problem]]) -> None:
        self._engine = engine
        self._problems = problems

    async def all(self) -> Sequence[PipelineView]:
        """Every pipeline in service."""
        return [self._view(lane) for lane in self._engine.lanes.values()]

    async def one(self, pipeline: str) -> PipelineView:
        """One pipeline by its id."""
        return self._view(self._lane(pipeline))

    async def start(self, pipeline: str, request: StartRun) -> RunStarted:
        """Start a run; with `wait` or `dry_run` the answer holds the whole trace."""
        lane, scope = self._made(pipeline, request)
        if reason := _refusal(lane, scope, force=request.force):
            return RunStarted("", "refused", reason)
        if request.dry_run:
            record = await lane.rehearse(scope)
            return RunStarted(text_id(record.id), record.state, "", trace_of(record, scope.event))
        self._engine.recorder.event(scope.event)
        ended: asyncio.Future[RunRecord] = asyncio.get_running_loop().create_future()
        if not lane.begin(scope, ended.set_result):
            return RunStarted("", "refused", f"other runs are under way (mode {lane.plan.mode})")
        if not request.wait:
            state = ended.result().state if ended.done() else "running"
            return RunStarted(text_id(scope.run_id), state)
        record = await ended
        return RunStarted(text_id(record.id), record.state, "", trace_of(record, scope.event))

    async def switch(self, pipeline: str, *, on: bool) -> None:
        """Make its triggers live, or not."""
        self._lane(pipeline)
        self._engine.enable(pipeline, on)

    def run_counts(self) -> dict[tuple[str, ...], float]:
        """How many runs have ended, by pipeline and state."""
        return {
            (lane.plan.id, state): count
            for lane in self._engine.service
            for state, count in lane.counts.runs.items()
        }

    def _made(self, pipeline: str, request: StartRun) -> tuple[Lane, Scope]:
        try:
            return self._engine.manual(pipeline, request.inputs, request.event)
        except ValueError as error:
            raise UserError(Problem(Position(), str(error))) from None

    def _lane(self, pipeline: str) -> Lane:
        try:
            return self._engine.lanes[pipeline]
        except KeyError:
            raise LookupError(no_such(pipeline, self._engine.lanes)) from None

    def _view(self, lane: Lane) -> PipelineView:
        plan = lane.plan
        last = lane.counts.last
        return PipelineView(
            id=plan.id,
            description=plan.description,
            enabled=lane.enabled,
            mode=plan.mode,
            labels=plan.labels,
            version=plan.version,
            file=plan.file,
            triggers=[gate.id for gate in plan.gates],
            last_run=None if last is None else _summary(plan.id, *last),
            runs=lane.counts.runs,
            problems=[user_problem(problem) for problem in self._problems(plan)],
        )


def _refusal(lane: Lane, scope: Scope, *, force: bool) -> str:
    """Why a run cannot begin; nothing where it can."""
    try:
        holds = lane.ready(scope, force=force)
    except StepFailed as error:
        return f"before the first step: {error}"
    return "" if holds else "its conditions do not hold; `force` ignores them"


def _summary(
    pipeline: str, run: int, version: str, trigger: str, state: str, *rest: Any
) -> RunSummary:
    return run_summary(RunRecord(run, pipeline, version, 0, {"id": trigger}, state, *rest))


def user_problem(problem: Problem) -> UserProblem:
    """A problem as the API shows it."""
    at = problem.at
    return UserProblem(problem.text, at.file, at.line, at.column, problem.hint, problem.severity)
