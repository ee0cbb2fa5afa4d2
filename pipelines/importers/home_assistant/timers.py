"""A timer as a pipeline that waits: events start, cancel and finish it."""

from __future__ import annotations

from typing import Any

from pipelines.importers.home_assistant.entities import Known
from pipelines.importers.home_assistant.values import name_of


def timer_pipeline(known: Known) -> dict[str, Any]:
    """The pipeline of a timer; its time goes on over restarts of the agent."""
    key, payload = known.target.memory, {"entity_id": known.id}
    triggers = [
        {"id": word, "event": {"name": f"timer.{word}", "payload": payload}}
        for word in ("start", "cancel", "finish")
    ]
    finished: list[Any] = [
        {"remember": {key: "idle"}},
        {"emit": {"name": "timer.finished", "payload": payload}},
    ]
    branches = [
        {
            "if": "{{ trigger.id == 'cancel' }}",
            "steps": [
                {"remember": {key: "idle"}},
                {"emit": {"name": "timer.cancelled", "payload": payload}},
            ],
        },
        {"if": "{{ trigger.id == 'finish' }}", "steps": finished},
    ]
    started: list[Any] = [
        {"remember": {key: "active"}},
        {"emit": {"name": "timer.started", "payload": payload}},
        {"delay": "{{ trigger.payload.duration }}"},
    ]
    return {
        "id": name_of(known.id),
        "description": f"The timer {known.name} of Home Assistant.",
        "mode": "restart",
        "triggers": triggers,
        "steps": [{"choose": {"branches": branches, "otherwise": [*started, *finished]}}],
    }
