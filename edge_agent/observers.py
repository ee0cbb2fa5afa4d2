"""What is told of every run as it ends: its latency, the live view, runs on MQTT."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from edge_agent.gateway.live import Live, run_summary
from edge_agent.monitoring.measures import Measures
from pipelines.plan import Plan
from schemas.event import Event
from schemas.run import RunRecord


def time_actions(measures: Measures) -> Callable[[Plan, RunRecord, Event], None]:
    """Observe how long the first action took after the event arrived."""
    observe = measures.trigger_to_action.observe

    def time(plan: Plan, record: RunRecord, event: Event) -> None:
        if record.effects and event.received and record.state != "waiting":
            observe(record.effects[0].ts - event.received)

    return time


def show_runs(live: Live) -> Callable[[Plan, RunRecord, Event], None]:
    """Tell the live view about runs, and about what they did as soon as they wait or end."""
    told: dict[int, int] = {}

    def show(plan: Plan, record: RunRecord, event: Event) -> None:
        before = told.pop(record.id, 0) if told else 0
        if not live.listening:
            return
        live.run(record)
        for effect in record.effects[before:]:
            live.effect(record.id, plan.id, effect)
        if record.state == "waiting":
            told[record.id] = len(record.effects)

    return show


def publish_runs(
    agent: str, send: Callable[[str, bytes], None]
) -> Callable[[Plan, RunRecord, Event], None]:
    """Publish `hearth/AGENT/run/PIPELINE` for every run that has ended."""

    def publish(plan: Plan, record: RunRecord, event: Event) -> None:
        if record.state != "waiting" and not plan.shadow:
            send(f"hearth/{agent}/run/{plan.id}", msgspec.json.encode(run_summary(record)))

    return publish
