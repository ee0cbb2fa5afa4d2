"""A suspended run as data, and back: what a restart needs to go on where it was."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

import msgspec

from pipelines.plan import Plan
from pipelines.scope import RunView, Scope, StepResult
from schemas.event import Event
from schemas.run import Effect, StepRecord


def snapshot(scope: Scope, plan: Plan) -> dict[str, Any]:
    """Everything of a run that is not in its plan; plain data."""
    return {
        "run": f"{scope.run_id:x}",
        "pipeline": plan.id,
        "version": plan.version,
        "started": scope.run.started,
        "event": pack_event(scope.event),
        "trigger": scope.trigger,
        "inputs": scope.inputs,
        "variables": dict(scope.variables),
        "steps": {name: dict(result) for name, result in scope.steps.items()},
        "error": scope.error,
        "ending": scope.ending,
        "failures": dict(scope.failures),
        "waits": dict(scope.waits),
        "loops": dict(scope.loops),
        "active": sorted(scope.active | scope.resuming),
        "records": list(scope.records),
        "underway": [_as_it_is(record) for record in scope.underway.values()],
        "effects": list(scope.effects),
        "live": scope.live,
    }


def restore(kept: dict[str, Any], now: Callable[[], float]) -> Scope:
    """The scope of a suspended run; its `resuming` names the steps to enter again."""
    scope = Scope(
        trigger=kept["trigger"],
        event=unpack_event(kept["event"]),
        inputs=kept["inputs"],
        run=RunView(int(kept["run"], 16), kept["pipeline"], kept["version"], kept["started"]),
        live=kept["live"],
        now=now,
    )
    scope.variables = kept["variables"]
    scope.steps = {name: StepResult(result) for name, result in kept["steps"].items()}
    scope.error = kept["error"]
    scope.failures = kept.get("failures", {})
    scope.ending = kept.get("ending") or ("failed" if scope.error else "completed")
    scope.waits = kept["waits"]
    scope.loops = kept["loops"]
    scope.resuming = set(kept["active"])
    scope.records = [_struct(record, StepRecord) for record in kept["records"]]
    underway = [_struct(record, StepRecord) for record in kept.get("underway", ())]
    scope.underway = {record.path: record for record in underway}
    scope.effects = [_struct(effect, Effect) for effect in kept["effects"]]
    return scope


def _as_it_is(record: StepRecord) -> StepRecord:
    """The record with the notes it has now: more are made as the step goes on."""
    return msgspec.structs.replace(record, notes=copy(record.notes))


def pack_event(event: Event) -> dict[str, Any]:
    """An event as plain data; its id as hexadecimal text, too large for other formats' integers."""
    return {**msgspec.structs.asdict(event), "id": f"{event.id:x}"}


def unpack_event(kept: dict[str, Any]) -> Event:
    """The event that `pack_event` packed."""
    return Event(**{**kept, "id": int(kept["id"], 16)})


def _struct(value: Any, kind: type[Any]) -> Any:
    return value if isinstance(value, kind) else msgspec.convert(value, kind)
