"""Runs as the API shows them, from a record in hand."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from edge_agent.gateway.live import effect_view, event_view, moment, run_summary
from schemas.event import Event
from schemas.identity import text_id
from schemas.run import Notes, RunRecord, StepRecord
from schemas.traces import AskedView, StepView, Trace, TryView, WaitView


def trace_of(record: RunRecord, event: Event | None, children: Sequence[RunRecord] = ()) -> Trace:
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
        children=[run_summary(child) for child in children],
    )


def started_by(record: RunRecord) -> list[int]:
    """The ids of the runs that its `run` steps have started, in order."""
    told = [effect.payload for effect in record.effects if effect.kind == "run"]
    return [UUID(each["id"]).int for each in told if each.get("id")]


def _step(step: StepRecord) -> StepView:
    notes = step.notes or Notes()
    return StepView(
        path=step.path,
        kind=step.kind,
        state=step.state,
        started=moment(step.started),
        finished=moment(step.finished),
        error=step.error,
        values=step.values,
        attempts=step.attempts,
        parent=step.parent,
        branch=step.branch,
        rounds=list(step.rounds),
        inputs=notes.inputs,
        unmet=notes.unmet,
        asked=[AskedView(each.condition, each.held) for each in notes.asked],
        tries=[TryView(moment(t.started), moment(t.finished), t.error) for t in notes.tries],
        wait=_wait(step, notes),
    )


def _wait(step: StepRecord, notes: Notes) -> WaitView | None:
    if not notes.awaits and notes.until is None:
        return None
    until = None if notes.until is None else moment(notes.until)
    return WaitView(list(notes.awaits), until, _ended(step, notes))


def _ended(step: StepRecord, notes: Notes) -> str:
    if step.state != "completed":
        return "" if step.state == "waiting" else step.state
    outputs = step.values if isinstance(step.values, dict) else {}
    trigger = outputs.get("trigger")
    if isinstance(trigger, dict):
        return str(trigger.get("id", ""))
    return "time" if not notes.awaits or outputs.get("timed_out") else "report"
