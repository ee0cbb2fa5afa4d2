"""A pipeline as a Prefect deployment: its parameters, schedules, version and tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.inputs import Inputs
from pipelines.plan import Plan
from schemas.fields import seconds
from schemas.pipeline import Input

MARK = "hearthflow"

_DURATION = {"type": "string", "examples": ["30s", "5m", "1h30m"]}
_TIME = {"type": "string", "pattern": r"^([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"}
_TYPES: Mapping[str, Mapping[str, Any]] = {
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "select": {},
    "duration": _DURATION,
    "time": _TIME,
}


def deployment(plan: Plan, *, agent: str, flow_id: str, time_zone: str) -> dict[str, Any]:
    """What `POST /deployments/` takes; a later version replaces an earlier one of this name.

    Schedules are shown and not active: the agent keeps the time itself, also while Prefect is away.
    """
    specs = plan.inputs.specs if isinstance(plan.inputs, Inputs) else {}
    return {
        "name": agent,
        "flow_id": flow_id,
        "description": plan.description or None,
        "version": plan.version,
        "tags": [MARK, agent, *(f"{name}:{value}" for name, value in plan.labels.items())],
        "entrypoint": plan.file or None,
        "parameters": {k: v for k, v in plan.defaults.items() if v is not None},
        "parameter_openapi_schema": parameter_schema(specs),
        "enforce_parameter_schema": True,
        "schedules": list(_schedules(plan, time_zone)),
        "labels": {"hearthflow.agent": agent, "hearthflow.pipeline": plan.id},
    }


def parameter_schema(specs: Mapping[str, Input]) -> dict[str, Any]:
    """The JSON Schema from which Prefect makes its form and checks what is given."""
    return {
        "title": "Parameters",
        "type": "object",
        "properties": {
            name: _property(spec, name, position)
            for position, (name, spec) in enumerate(specs.items())
        },
        "required": [n for n, spec in specs.items() if spec.required and spec.default is None],
        "definitions": {},
    }


def _property(spec: Input, name: str, position: int) -> dict[str, Any]:
    known = {
        "title": name,
        "position": position,
        "description": spec.description or None,
        "default": spec.default,
        "enum": spec.options or None,
        "minimum": spec.min,
        "maximum": spec.max,
    }
    shape = _TYPES.get(spec.type, {"type": "string"})
    return {**shape, **{key: value for key, value in known.items() if value is not None}}


def _schedules(plan: Plan, time_zone: str) -> Iterator[dict[str, Any]]:
    for gate in plan.gates:
        calendar = gate.calendar
        times: dict[str, Any] = {}
        if calendar.cron:
            times = {"cron": calendar.cron, "timezone": time_zone}
        elif calendar.every:
            times = {"interval": seconds(calendar.every), "anchor_date": "1970-01-01T00:00:00Z"}
        if times:
            yield {"schedule": times, "active": False, "slug": f"trigger-{gate.index}"}
