"""Things with a state of their own: switch, siren, lock, fan, vacuum, mower, alarm panel."""

from __future__ import annotations

from math import ceil
from typing import Any

from firmware_profiles import values
from firmware_profiles.decoders.ha_discovery.parts import Limits, Thing, chosen
from firmware_profiles.decoders.ha_discovery.sensing import instance, matching
from firmware_profiles.decoders.ha_discovery.template import Value, at
from firmware_profiles.units import number
from firmware_profiles.vocabulary import TERMS, known


def switch(thing: Thing) -> None:
    """On and off; a child lock and the like are what their key says."""
    config, key = thing.config, thing.key("value_template")
    on, off = config.text("payload_on", "ON"), config.text("payload_off", "OFF")
    told = matching(config.text("state_on", on), config.text("state_off", off))
    alias = known(key) or known(config.object)
    value = thing.value("value_template")
    if alias is not None and TERMS[alias.property].kind == "boolean":
        thing.read(alias.property, "state_topic", told, value)
        thing.set(alias.property, "command_topic", lambda value: on if value else off)
        return
    thing.instance = instance(config, "state", "power", "relay", "output")
    thing.read("state", "state_topic", thing.switched(told), value)
    thing.on_off(on, off)
    _templated(thing, on, off)


def _templated(thing: Thing, on: str, off: str) -> None:
    """The command template of a switch or siren applies to its two payloads."""
    source = thing.config.options.get("command_template")
    if source is None:
        return
    render = thing.templates.command(source)
    sent = {word: render({"value": payload}) or payload for word, payload in _ON_OFF(on, off)}
    thing.on_off(sent["on"], sent["off"])


def _ON_OFF(on: str, off: str) -> tuple[tuple[str, str], ...]:  # noqa: N802
    return (("on", on), ("off", off))


def siren(thing: Thing) -> None:
    """A siren: two payloads, or an object with `state`."""
    config = thing.config
    on, off = config.text("payload_on", "ON"), config.text("payload_off", "OFF")
    told = matching(config.text("state_on", on), config.text("state_off", off))
    value = _object_or(thing.value("state_value_template", "value_template"), "state")
    thing.instance = instance(config, "state")
    thing.read("state", "state_topic", thing.switched(told), value)
    thing.on_off(on, off)
    _templated(thing, on, off)


def _object_or(value: Value, key: str) -> Value:
    """The key of an object where nothing better is said, else the value."""
    inner = at(key)

    def found(raw: bytes, payload: Any) -> Any:
        plain = value(raw, payload)
        whole = payload.__class__ is dict and plain.__class__ is str and plain[:1] == "{"
        return inner(raw, payload) if whole else plain

    return found


def lock(thing: Thing) -> None:
    """A lock: locked, unlocked, on the way, jammed."""
    config = thing.config
    names = ("locked", "unlocked", "locking", "unlocking", "jammed", "open", "opening")
    words = {config.text(f"state_{name}", name.upper()): name for name in names}
    thing.instance = instance(config, "state", "lock")
    thing.read("state", "state_topic", _worded(words), thing.value("value_template"))
    payloads = {
        name: config.text(f"payload_{name}", name.upper()) for name in ("lock", "unlock")
    } | {"open": config.text("payload_open")}
    render = thing.templates.command(config.options.get("command_template"))
    for verb, payload in payloads.items():
        thing.verb(verb, render({"value": payload}) or payload if payload else "")
    sent = {"locked": payloads["lock"], "unlocked": payloads["unlock"]} | payloads
    thing.set("state", "command_topic", lambda value: chosen(sent, value), "command_template")


def _worded(words: dict[str, str]) -> values.Convert:
    """A conversion by words, else the word in lower case."""

    def convert(value: Any) -> str | None:
        word = str(value)
        return words.get(word) or words.get(word.upper()) or values.switch(word)

    return convert


def fan(thing: Thing) -> None:
    """A fan: on and off, speed as a share of its range, preset, oscillation, direction."""
    config = thing.config
    on, off = config.text("payload_on", "ON"), config.text("payload_off", "OFF")
    thing.instance = instance(config, "state")
    state = thing.value("state_value_template", "value_template")
    thing.read("state", "state_topic", thing.switched(matching(on, off)), state)
    thing.on_off(on, off)
    thing.set(
        "state", "command_topic", lambda v: chosen({"on": on, "off": off}, v), "command_template"
    )
    low, high = config.number("speed_range_min", 1), config.number("speed_range_max", 100)
    steps = max(high - low + 1, 1)

    def share(value: Any) -> float | None:
        raw = number(value)
        return None if raw is None else round(min(max((raw - low + 1) * 100 / steps, 0), 100), 1)

    def speed(value: Any) -> int | None:
        wanted = number(value)
        return None if wanted is None else ceil(low - 1 + min(max(wanted, 0), 100) * steps / 100)

    value = thing.value("percentage_value_template")
    thing.read("fan_speed", "percentage_state_topic", share, value)
    thing.set("fan_speed", "percentage_command_topic", speed, "percentage_command_template")
    preset = thing.value("preset_mode_value_template")
    thing.read("preset", "preset_mode_state_topic", values.text, preset)
    thing.set("preset", "preset_mode_command_topic", values.text, "preset_mode_command_template")
    modes = config.options.get("preset_modes")
    thing.limits["preset"] = Limits(tuple(modes) if isinstance(modes, list) else ())
    swinging = matching(
        config.text("payload_oscillation_on", "oscillate_on"),
        config.text("payload_oscillation_off", "oscillate_off"),
    )
    swing = thing.value("oscillation_value_template")
    thing.read("oscillation", "oscillation_state_topic", swinging, swing)
    thing.read(
        "direction", "direction_state_topic", values.text, thing.value("direction_value_template")
    )
    thing.set("direction", "direction_command_topic", values.text, "direction_command_template")


def vacuum(thing: Thing) -> None:
    """A vacuum cleaner: an object with state, battery and suction."""
    config = thing.config
    thing.read("state", "state_topic", values.text, at("state"))
    thing.read("battery", "state_topic", number, at("battery_level"))
    thing.read("fan_mode", "state_topic", values.text, at("fan_speed"))
    for verb in ("start", "stop", "pause", "return_to_base", "clean_spot", "locate"):
        thing.verb(verb, config.text(f"payload_{verb}", verb))
    thing.verb("turn_on", config.text("payload_start", "start"))
    thing.verb("turn_off", config.text("payload_return_to_base", "return_to_base"))
    thing.verb("identify", config.text("payload_locate", "locate"))
    thing.set("fan_mode", "set_fan_speed_topic", values.text)


def lawn_mower(thing: Thing) -> None:
    """A mower: its activity, and three commands."""
    activity = thing.value("activity_value_template")
    thing.read("state", "activity_state_topic", values.text, activity)
    for verb in ("start_mowing", "pause", "dock"):
        topic = f"{verb}_command_topic"
        render = thing.templates.command(thing.config.options.get(f"{verb}_command_template"))
        thing.verb(verb, render({"value": verb}) or verb, topic)


def alarm_control_panel(thing: Thing) -> None:
    """An alarm panel: its state, arming and disarming."""
    thing.read("state", "state_topic", values.text, thing.value("value_template"))
    for mode in ("away", "home", "night", "vacation", "custom_bypass"):
        thing.verb(f"arm_{mode}", thing.config.text(f"payload_arm_{mode}", f"ARM_{mode.upper()}"))
    thing.verb("disarm", thing.config.text("payload_disarm", "DISARM"))
    thing.verb("trigger", thing.config.text("payload_trigger", "TRIGGER"))
