"""Runs as the API shows them, from a record in hand."""

from __future__ import annotations

from edge_agent.gateway.live import effect_view, event_view, moment, run_summary
from schemas.api import StepView, Trace
from schemas.event import Event
from schemas.identity import text_id
from schemas.run import RunRecord, StepRecord


def trace_of(record: RunRecord, event: Event | None) -> Trace:
    """The whole run."""
    return Trace(
        run=run_summary(record),
        trigger=record.trigger,
        event=None if event is None else event_view(event, event.payload),
        inputs=record.inputs,
        variables=record.variables,
        steps=[_step(step) for step in record.steps],
        effects=[effect_view(effect) for effect in record.effects],
        labels=record.labels,
        parent=text_id(record.parent) if record.parent else None,
    )


def _step(step: StepRecord) -> StepView:
    return StepView(
        path=step.path,
        kind=step.kind,
        state=step.state,
        started=moment(step.started),
        finished=moment(step.finished),
        error=step.error,
        values=step.values,
        attempts=step.attempts,
    )
