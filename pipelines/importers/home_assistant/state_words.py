"""An entity's state as an expression: as a value that is compared, and as the text it was there."""

from __future__ import annotations

from typing import Any

from jinja2 import nodes

from pipelines.importers.home_assistant.entities import Known
from pipelines.importers.home_assistant.jinja_nodes import as_node, call, compare, filtered
from pipelines.importers.home_assistant.unsupported import Unsupported
from pipelines.importers.home_assistant.values import plain_number

AWAY = ("unavailable", "unknown", "none", "")
_NUMERIC = frozenset({"sensor", "number", "input_number", "counter"})
# attributes that have another name here
ATTRIBUTES = {
    "current_temperature": "temperature", "temperature": "target_temperature",
    "current_position": "position", "current_tilt_position": "tilt", "percentage": "fan_speed",
    "preset_mode": "preset", "battery_level": "battery", "event_type": "action",
    "color_temp_kelvin": "color_temp", "rgb_color": "color_rgb", "hs_color": "color_hs",
    "xy_color": "color_xy", "current_humidity": "humidity", "humidity": "humidity",
    "volume_level": "volume", "is_volume_muted": "muted",
}  # fmt: skip
_ZONED = frozenset({"climate", "water_heater"})


def look_up(known: Known, default: Any = None) -> nodes.Expr:
    """The value of an entity here; a default where nothing is known of it."""
    target = known.target
    if target.is_device():
        args = [target.device, target.property]
        args += [] if target.instance is None else [str(target.instance)]
        return call("reading", *args, default=default)
    if target.memory is not None:
        return call(
            "memory", *([target.memory, known.initial] if known.initial else [target.memory])
        )
    raise Unsupported(f"`{known.id}` has no state of its own here")


def text_value(value: nodes.Expr, known: Known) -> nodes.Expr:
    """A value here as the state it was there."""
    words = {here: there for there, here in known.words.items()}
    if set(words) == {True, False}:
        return call("iif", value, words[True], words[False])
    if words:
        table = nodes.Dict([nodes.Pair(as_node(k), as_node(v)) for k, v in words.items()])
        return nodes.Call(nodes.Getattr(table, "get", "load"), [value, value], [], None, None)
    return value


def equals(value: nodes.Expr, known: Known, state: Any) -> nodes.Expr:
    """Whether a value here is what a state there means."""
    wanted = known.value(state)
    if wanted is True:
        return value if known.target.memory is not None else compare(value, "eq", True)
    if wanted is False and known.target.memory is not None:
        return nodes.Not(value)
    if known.domain in _NUMERIC:
        wanted = plain_number(wanted)
    return compare(value, "eq", wanted)


def is_away(known: Known, state: str) -> nodes.Expr:
    """Whether nothing can be said of an entity: it is unavailable, or has never reported."""
    if known.target.is_device() and state == "unavailable":
        return nodes.Not(call("available", known.target.device))
    return compare(look_up(known), "eq", None)


def is_state(known: Known, state: Any) -> nodes.Expr:
    """Whether an entity has a state."""
    if isinstance(state, str) and state in AWAY:
        return is_away(known, state)
    return equals(look_up(known), known, state)


def attribute(known: Known, name: str) -> nodes.Expr:
    """The attribute of an entity."""
    target = known.target
    if name == "friendly_name":
        return as_node(target.device or known.name)
    if known.id == "sun.sun":
        return nodes.Getattr(call("sun"), name, "load")
    if target.memory is not None:
        return call("memory", f"{target.memory}.{name}")
    if not target.is_device():
        raise Unsupported(f"`{known.id}` has no attributes here")
    value = call("reading", target.device, property_of(known, name), default=None)
    return _scaled(value, name)


def property_of(known: Known, attribute: str) -> str:
    """Our property for an attribute."""
    if attribute == "temperature" and known.domain not in _ZONED:
        return attribute
    return ATTRIBUTES.get(attribute, attribute)


def _scaled(value: nodes.Expr, attribute: str) -> nodes.Expr:
    """A value in Home Assistant's unit: brightness to 255, colours in mireds."""
    if attribute == "brightness":
        return filtered(nodes.Mul(filtered(value, "default", 0, True), as_node(2.55)), "round")
    if attribute == "color_temp":
        return filtered(nodes.Div(as_node(1_000_000), value), "round")
    return value
