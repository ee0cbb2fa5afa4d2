"""The components of discovery, each a function that gives an entity its parts."""

from collections.abc import Callable

from firmware_profiles.decoders.ha_discovery.components import (
    actions,
    climates,
    covers,
    lights,
    sensors,
    switches,
)
from firmware_profiles.decoders.ha_discovery.parts import Thing

MAKERS: dict[str, Callable[[Thing], None]] = {
    "sensor": sensors.sensor,
    "binary_sensor": sensors.binary_sensor,
    "number": sensors.number,
    "select": sensors.select,
    "text": sensors.text,
    "update": sensors.update,
    "device_tracker": sensors.device_tracker,
    "switch": switches.switch,
    "siren": switches.siren,
    "lock": switches.lock,
    "fan": switches.fan,
    "vacuum": switches.vacuum,
    "lawn_mower": switches.lawn_mower,
    "alarm_control_panel": switches.alarm_control_panel,
    "light": lights.light,
    "cover": covers.cover,
    "valve": covers.valve,
    "climate": climates.climate,
    "water_heater": climates.climate,
    "humidifier": climates.humidifier,
    "button": actions.button,
    "scene": actions.scene,
    "notify": actions.notify,
    "event": actions.event,
    "device_automation": actions.device_automation,
    "tag": actions.tag,
}
