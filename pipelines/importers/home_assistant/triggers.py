"""Triggers: what starts an automation, and what is waited for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipelines.importers.home_assistant import device_types
from pipelines.importers.home_assistant.event_triggers import EVENTS
from pipelines.importers.home_assistant.page import Page
from pipelines.importers.home_assistant.rewriting import ENTITY
from pipelines.importers.home_assistant.state_triggers import (
    Made,
    measured,
    numeric_state,
    of_entities,
    state,
)
from pipelines.importers.home_assistant.time_triggers import sun, time, time_pattern
from pipelines.importers.home_assistant.trigger_names import Told
from pipelines.importers.home_assistant.unsupported import Unsupported
from pipelines.importers.home_assistant.values import listed, truth
from pipelines.importers.home_assistant.writing import Comment
from pipelines.tree import Map
from schemas.problem import Position


def kind_of(tree: Any) -> str:
    """The kind of a trigger, by its newer or older key.

    Raises:
        Unsupported: it names none.
    """
    if not isinstance(tree, Map):
        raise Unsupported("a trigger must be a mapping")
    kind = tree.get("trigger", tree.get("platform"))
    if not isinstance(kind, str):
        raise Unsupported("it names no kind of trigger")
    return kind


def told(tree: Any, index: int, page: Page) -> Told:
    """What a trigger can tell: needed before any template is read."""
    kind = kind_of(tree)
    entities = _watched(tree, kind, page)
    name = tree.get("id")
    attribute = tree.get("attribute")
    return Told(kind, str(index if name is None else name), tuple(entities), attribute)


def _watched(tree: Map, kind: str, page: Page) -> list[Any]:
    if kind == "device" and "type" in tree and _is_state_type(tree):
        return [device_types.entity_of(tree, page)]
    if kind not in ("state", "numeric_state", "zone"):
        return []
    found = []
    for each in listed(tree.get("entity_id")):
        if ENTITY.fullmatch(str(each).lower()):
            known = page.house.known(str(each).lower())
            members = known.target.entities
            found += page.entities(members) if members else [known]
    return found


def trigger(tree: Any, at: Position, page: Page) -> list[Any]:
    """What stands for a trigger: several of ours where it watches several things."""
    convert = _TRIGGERS.get(kind_of(tree))
    if not truth(tree.get("enabled"), True):
        return [Comment(f"disabled in Home Assistant: {kind_of(tree)}")]
    if convert is None:
        raise Unsupported(f"there is no trigger like `{kind_of(tree)}`")
    return list(convert(tree, page))


def _device(tree: Map, page: Page) -> Made:
    """`device`: a state or number of one of its entities, or a button's action."""
    if not _is_state_type(tree):
        device = device_types.device_name(tree, page)
        fields = {"device": device, "property": "action", "to": device_types.pressed(tree)}
        return [{"reading": fields}]
    known = device_types.entity_of(tree, page)
    if device_types.is_measured(tree):
        return measured([known], tree, page)
    wanted = device_types.state_of(tree)
    fields = {"for": tree["for"]} if "for" in tree else {}
    return of_entities([known], fields if wanted is None else {"to": wanted, **fields}, page)


def _is_state_type(tree: Map) -> bool:
    return str(tree.get("domain")) in _STATE_DOMAINS


def _template(tree: Map, page: Page) -> Made:
    value = page.text(str(tree.get("value_template", "")))
    if tree.get("for") is None:
        return [{"template": value}]
    return [{"template": {"value": value, "for": page.duration(tree["for"])}}]


def _zone(tree: Map, page: Page) -> Made:
    """`zone`: a person's place is its state, the name of a zone."""
    zone = str(tree.get("zone", "zone.home")).partition(".")[2]
    key = "from" if tree.get("event") == "leave" else "to"
    return of_entities(page.entities(tree.get("entity_id")), {key: zone}, page)


_STATE_DOMAINS = frozenset(
    {"binary_sensor", "sensor", "light", "switch", "cover", "lock", "fan", "climate"}
    | {"media_player", "vacuum", "humidifier", "device_tracker", "person", "siren", "valve"}
    | {"alarm_control_panel", "input_boolean", "number", "select", "remote", "water_heater"}
    | {"update"}
)
_TRIGGERS: Mapping[str, Callable[[Map, Page], Made]] = {
    "state": state, "numeric_state": numeric_state, "device": _device, "template": _template,
    "zone": _zone, "time": time, "time_pattern": time_pattern, "sun": sun, **EVENTS,
}  # fmt: skip
