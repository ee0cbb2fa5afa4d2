"""Heating and air: climate, water_heater, humidifier."""

from __future__ import annotations

from typing import Any

from firmware_profiles import values
from firmware_profiles.decoders.ha_discovery.parts import Limits, Thing, brief
from firmware_profiles.decoders.ha_discovery.sensing import instance, matching
from firmware_profiles.units import from_canonical, number, spelled, to_canonical

# property: the words before `_state_topic`, `_command_topic`; older names after the first
_MODES = {
    "hvac_mode": ("mode", "modes"),
    "preset": ("preset_mode", "preset_modes"),
    "fan_mode": ("fan_mode", "fan_modes"),
    "swing_mode": ("swing_mode", "swing_modes"),
}


def climate(thing: Thing) -> None:
    """A thermostat or boiler; temperatures in its own unit."""
    config = thing.config
    thing.instance = instance(config, "state")
    unit = spelled(config.text("temperature_unit", "C")) or "°C"
    convert = to_canonical(unit, "°C") if unit in ("°C", "°F") else number
    _now(thing, "temperature", "current_temperature", convert)
    _now(thing, "humidity", "current_humidity", number)
    for word, which in (("", None), ("_low", "low"), ("_high", "high")):
        _setpoint(thing, f"temperature{word}", which, unit)
    thing.limits["target_temperature"] = Limits(
        (), config.number("min_temp", 7), config.number("max_temp", 35)
    )
    _target_humidity(thing)
    for property, (word, listed) in _MODES.items():
        _mode(thing, property, word, listed)
    _mode(thing, "preset", "hold", "hold_modes")
    action = thing.value("action_template")
    thing.read("hvac_action", "action_topic", values.text, action)
    on, off = config.text("payload_on", "ON"), config.text("payload_off", "OFF")
    power = thing.value("power_state_template")
    thing.read("state", "power_state_topic", thing.switched(matching(on, off)), power)
    thing.on_off(on, off, "power_command_topic")


def _now(thing: Thing, property: str, word: str, convert: values.Convert) -> None:
    thing.read(property, f"{word}_topic", convert, thing.value(f"{word}_template"))


def _setpoint(thing: Thing, word: str, which: str | None, unit: str) -> None:
    known = unit if unit in ("°C", "°F") else "°C"
    value = thing.value(f"{word}_state_template")
    instance = which if not thing.instance else f"{thing.instance}_{which}" if which else None
    thing.read(
        "target_temperature",
        f"{word}_state_topic",
        to_canonical(known, "°C"),
        value,
        instance=instance,
    )
    back = from_canonical(known, "°C")
    name = f"target_temperature@{which}" if which else "target_temperature"

    def write(value: Any) -> Any:
        raw = back(value)
        return None if raw is None else brief(round(raw, 2))

    thing.set(name, f"{word}_command_topic", write, f"{word}_command_template")


def _target_humidity(thing: Thing) -> None:
    value = thing.value("target_humidity_state_template")
    thing.read("target_humidity", "target_humidity_state_topic", number, value, unit="%")
    thing.set(
        "target_humidity",
        "target_humidity_command_topic",
        brief,
        "target_humidity_command_template",
    )


def _mode(thing: Thing, property: str, word: str, listed: str) -> None:
    value = thing.value(f"{word}_state_template", f"{word}_value_template")
    thing.read(property, f"{word}_state_topic", values.text, value)
    thing.set(property, f"{word}_command_topic", values.text, f"{word}_command_template")
    modes = thing.config.options.get(listed)
    if isinstance(modes, list):
        thing.limits[property] = Limits(tuple(map(str, modes)))


def humidifier(thing: Thing) -> None:
    """A humidifier or dehumidifier."""
    config = thing.config
    on, off = config.text("payload_on", "ON"), config.text("payload_off", "OFF")
    thing.instance = instance(config, "state")
    state = thing.value("state_value_template", "value_template")
    thing.read("state", "state_topic", thing.switched(matching(on, off)), state)
    thing.on_off(on, off)
    _now(thing, "humidity", "current_humidity", number)
    _target_humidity(thing)
    _mode(thing, "mode", "mode", "modes")
    thing.read("action_now", "action_topic", values.text, thing.value("action_template"))
