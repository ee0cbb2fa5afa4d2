"""The types of Home Assistant's device automations, as states of a property or as actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.importers.home_assistant.entities import Known, Target
from pipelines.importers.home_assistant.page import Page
from pipelines.importers.home_assistant.rewriting import ENTITY
from pipelines.importers.home_assistant.unsupported import Unsupported
from pipelines.importers.home_assistant.values import name_of

# what a binary sensor tells: type when on, type when off, property
_BINARY = """
motion no_motion occupancy | occupied not_occupied occupancy | present not_present occupancy
opened not_opened contact | open not_open contact | smoke no_smoke smoke | gas no_gas gas
moist not_moist water_leak | wet not_wet water_leak | vibration no_vibration vibration
tampered not_tampered tamper | bat_low not_bat_low battery_low | co no_co carbon_monoxide
turned_on turned_off state | is_on is_off state | locked not_locked state
powered not_powered power | connected not_connected state | light no_light state
moving not_moving state | problem no_problem state | sound no_sound state
"""
_SENSED = {
    "battery_level": "battery", "temperature": "temperature", "humidity": "humidity",
    "illuminance": "illuminance", "power": "power", "energy": "energy", "pressure": "pressure",
    "voltage": "voltage", "current": "current", "carbon_dioxide": "co2", "value": "value",
    "signal_strength": "signal_strength", "moisture": "moisture", "pm25": "pm25",
    "current_temperature_changed": "temperature", "current_humidity_changed": "humidity",
    "position": "position", "tilt_position": "tilt", "brightness": "brightness",
}  # fmt: skip
_STATES = {
    "turned_on": "on", "turned_off": "off", "opened": "open", "locked": "locked",
    "unlocked": "unlocked", "buffering": "buffering", "target_temperature_changed": None,
    "not_home": "not_home", "home": "home", "cleaning": "cleaning", "docked": "docked",
    "changed_states": None, "toggled": None, "hvac_mode_changed": None,
}  # fmt: skip
_PRESSED = {
    "short_press": "single", "short_release": "release", "double_press": "double",
    "triple_press": "triple", "quadruple_press": "quadruple", "quintuple_press": "quintuple",
    "long_press": "hold", "long_release": "release", "press": "single", "single": "single",
}  # fmt: skip


def _binary() -> dict[str, tuple[str, str]]:
    table = {}
    for entry in _BINARY.replace("\n", "|").split("|"):
        if words := entry.split():
            on, off, property = words
            table[on], table[off] = (property, "on"), (property, "off")
    return table


_DETECTED: Mapping[str, tuple[str, str]] = _binary()


def entity_of(tree: Mapping[str, Any], page: Page) -> Known:
    """The entity of a device automation: by its id, else its device and what the type is of."""
    domain, entity = str(tree.get("domain")), str(tree.get("entity_id") or "")
    if ENTITY.fullmatch(entity):
        return page.house.known(entity)
    device = device_name(tree, page)
    return Known(f"{domain}.{device}", Target(device=device, property=_property(tree, domain)))


def device_name(tree: Mapping[str, Any], page: Page) -> str:
    """The device with an id, by the table."""
    key = str(tree.get("device_id") or "")
    if not key:
        raise Unsupported("no device is named")
    return page.house.named("devices", key, f"device_{name_of(key, '_')[:8]}")


def _property(tree: Mapping[str, Any], domain: str) -> str:
    kind = _bare(tree)
    if domain == "binary_sensor" and kind in _DETECTED:
        return _DETECTED[kind][0]
    return _SENSED.get(kind, "hvac_mode" if domain == "climate" else "state")


def _bare(tree: Mapping[str, Any]) -> str:
    kind = str(tree.get("type") or "")
    if kind.startswith("is_"):
        kind = kind[3:]
        return {"on": "turned_on", "off": "turned_off"}.get(kind, kind)
    return kind


def is_measured(tree: Mapping[str, Any]) -> bool:
    """Whether a device automation compares a number."""
    return _bare(tree) in _SENSED


def state_of(tree: Mapping[str, Any]) -> str | None:
    """The state a type stands for; None for any change."""
    kind, domain = _bare(tree), tree.get("domain")
    if domain == "binary_sensor":
        if kind not in _DETECTED:
            raise Unsupported(f"binary sensors of the type `{kind}` are not known")
        return _DETECTED[kind][1]
    if "to" in tree or "hvac_mode" in tree:
        return str(tree.get("to") or tree.get("hvac_mode"))
    return _STATES.get(kind, kind)


def pressed(tree: Mapping[str, Any]) -> str:
    """The action of a button, as Zigbee2MQTT spells it: `single`, `1_double`."""
    kind, subtype = str(tree.get("type") or ""), str(tree.get("subtype") or "")
    if tree.get("domain") == "mqtt" and subtype:
        return subtype
    kind = kind.removeprefix("remote_button_").removeprefix("button_")
    word = _PRESSED.get(kind, kind)
    button = subtype.removeprefix("button_").removeprefix("button")
    return f"{button}_{word}" if button else word
