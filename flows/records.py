"""The record of a run: what its scope leaves when it ends, or as it begins to wait."""

from __future__ import annotations

from typing import Any

from flows.calls import parent_of
from pipelines.plan import Plan
from pipelines.scope import Scope
from pipelines.secrecy import hidden
from schemas.run import RunRecord, StepRecord

_NOT_RECORDED = ("payload", "raw", "topic", "ts")


def record_of(
    plan: Plan, scope: Scope, state: str, finished: float | None, steps: list[StepRecord]
) -> RunRecord:
    """The record of a run in this state; one that waits has not `finished`."""
    waits = finished is None
    event = scope.event
    record = RunRecord(
        scope.run_id,
        plan.id,
        plan.version,
        event.id,
        _told(scope.trigger),
        state,
        scope.run.started,
        finished,
        "" if scope.error is None or waits else scope.error["message"],
        steps,
        list(scope.effects) if waits else scope.effects,
        scope.inputs,
        scope.variables,
        plan.labels,
        parent_of(event),
    )
    return hidden(record, plan.secrets) if plan.secrets else record


def _told(trigger: dict[str, Any]) -> dict[str, Any]:
    """What the run's record says of its trigger; the event's says the rest."""
    told = trigger.copy()
    for name in _NOT_RECORDED:
        told.pop(name, None)
    return told
