"""Covers and valves: state, position and tilt, 0 closed and 100 open."""

from __future__ import annotations

from typing import Any

from firmware_profiles.decoders.ha_discovery.parts import Thing, chosen, span, unspan
from firmware_profiles.decoders.ha_discovery.sensing import instance
from firmware_profiles.decoders.ha_discovery.template import Value, at
from firmware_profiles.units import number
from firmware_profiles.values import switch

_STATES = ("open", "closed", "opening", "closing", "stopped")


def cover(thing: Thing) -> None:
    """A cover; the wire's ends of position and tilt may be any numbers, either way round."""
    config = thing.config
    thing.instance = instance(config, "state", "position")
    _state(thing, "value_template")
    low, high = config.number("position_closed", 0), config.number("position_open", 100)
    position = thing.value("position_template")
    thing.read("position", "position_topic", span(low, high), _whole(position, "position"))
    thing.set(
        "position",
        "set_position_topic",
        unspan(low, high),
        "set_position_template",
        "position",
    )
    low, high = config.number("tilt_min", 0), config.number("tilt_max", 100)
    tilt = thing.value("tilt_status_template")
    thing.read("tilt", "tilt_status_topic", span(low, high), _whole(tilt, "tilt_position"))
    thing.set(
        "tilt", "tilt_command_topic", unspan(low, high), "tilt_command_template", "tilt_position"
    )
    _moves(thing)


def _moves(thing: Thing) -> None:
    config, moved = thing.config, {}
    for verb in ("open", "close", "stop"):
        if config.options.get(f"payload_{verb}", "") is not None:
            moved[verb] = config.text(f"payload_{verb}", verb.upper())
            thing.verb(verb, moved[verb])
    words = moved | {"closed": moved.get("close", ""), "stopped": moved.get("stop", "")}
    thing.set("state", "command_topic", lambda value: chosen(words, value))


def _state(thing: Thing, template: str) -> None:
    words = {thing.config.text(f"state_{name}", name): name for name in _STATES}

    def convert(value: Any) -> str | None:
        word = str(value)
        found = words.get(word) or words.get(word.lower())
        if found is None and number(value) is not None:  # a position, not a state
            return None
        return found or switch(word)

    thing.read("state", "state_topic", convert, thing.value(template))


def _whole(value: Value, key: str) -> Value:
    """The value, or its key in an object (`{"position": 50, "tilt_position": 10}`)."""
    inner = at(key)

    def found(raw: bytes, payload: Any) -> Any:
        plain = value(raw, payload)
        whole = payload.__class__ is dict and number(plain) is None
        return inner(raw, payload) if whole else plain

    return found


def valve(thing: Thing) -> None:
    """A valve: a state, or its position on the state topic if it reports one."""
    config = thing.config
    thing.instance = instance(config, "state", "position")
    if str(config.options.get("reports_position")).lower() != "true":
        _state(thing, "value_template")
        _moves(thing)
        return
    low, high = config.number("position_closed", 0), config.number("position_open", 100)
    value = _whole(thing.value("value_template"), "position")
    thing.read("position", "state_topic", span(low, high), value)
    thing.read("state", "state_topic", lambda word: word if word in _STATES else None, at("state"))
    set_position = unspan(low, high)
    thing.set("position", "command_topic", set_position, "command_template", "position")
    write = thing.setters["position"].write if "position" in thing.setters else None
    for verb, share in (("open", 100), ("close", 0)) if write else ():
        thing.verb(verb, str(write(share)) if write else "")
    thing.verb("stop", config.text("payload_stop"))
