"""A scope and functions for expressions that are tried alone."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.expression import Expressions
from pipelines.expression_names import Known
from pipelines.functions import FUNCTIONS
from pipelines.moments import time_functions
from pipelines.sandbox import Unknown
from pipelines.scope import RunView, Scope, StepResult
from schemas.event import Event

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 1, 10, 18, 30, tzinfo=ZONE)
PAYLOAD = {
    "temperature": 21.5, "battery": 90, "items": [3, 1, 2], "state": "ON", "on": True, "none": None,
    "nested": {"list": [{"a": 1}, {"a": 2}], "empty": ""}, "text": "Grüße", "zero": 0,
    "number": "12.5",
}  # fmt: skip


def reading(device: str, property: str, instance: Any = None, default: Any = ...) -> Any:
    known = {("lux", "illuminance"): 7, ("door", "contact"): False}
    if (device, property) in known:
        return known[device, property]
    if default is ...:
        raise Unknown(f"nothing is known of `{property}` of `{device}` yet")
    return default


def expressions() -> Expressions:
    def sun() -> dict[str, Any]:
        return {"elevation": -12.3, "above_horizon": False}

    return Expressions(
        {
            **FUNCTIONS,
            **time_functions(ZONE, lambda: NOW),
            "reading": reading,
            "memory": {"flag": True, "count": 3}.get,
            "sun": sun,
        }
    )


def scope(**names: Any) -> Scope:
    made = Scope(
        trigger={"id": "warm", "device": "freezer", "value": -9.5, "payload": PAYLOAD},
        event=Event(1, 0.0, 0.0, "mqtt", "zigbee2mqtt/freezer", payload=PAYLOAD),
        inputs={"limit": -12, "name": "freezer"},
        run=RunView(1, "freezer-alarm", "v1", NOW.astimezone(UTC).timestamp()),
    )
    made.variables = {"quiet": False, "names": ["a", "b"], "when": NOW}
    made.steps = {"trend": StepResult(state="completed", rows=[{"lo": -14.0, "hi": -9.0}])}
    for name, value in names.items():
        setattr(made, name, value)
    return made


KNOWN = Known(
    inputs=frozenset({"limit", "name"}),
    variables=frozenset({"quiet", "names", "when"}),
    steps=frozenset({"trend"}),
)
