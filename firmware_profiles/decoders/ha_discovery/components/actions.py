"""Momentary things: button, scene, notify; event, device trigger and tag on the way in."""

from __future__ import annotations

from typing import Any

from firmware_profiles import values
from firmware_profiles.decoders.ha_discovery.parts import Thing
from firmware_profiles.decoders.ha_discovery.sensing import instance
from firmware_profiles.payloads import parse

_PRESSES = {
    "button_short_press": "single", "button_double_press": "double",
    "button_triple_press": "triple", "button_quadruple_press": "quadruple",
    "button_quintuple_press": "quintuple", "button_long_press": "long",
    "button_short_release": "release", "button_long_release": "release",
    "turn_on": "on", "turn_off": "off",
}  # fmt: skip


def button(thing: Thing) -> None:
    """A button to press."""
    _pressed(thing, thing.config.text("payload_press", "PRESS"))
    if thing.config.text("device_class") in ("identify", "restart"):
        thing.verb(thing.config.text("device_class"), thing.config.text("payload_press", "PRESS"))


def scene(thing: Thing) -> None:
    """A scene to activate."""
    _pressed(thing, thing.config.text("payload_on", "ON"))


def _pressed(thing: Thing, payload: str) -> None:
    render = thing.templates.command(thing.config.options.get("command_template"))
    sent = render({"value": payload}) or payload
    for word in ("press", "activate", "turn_on"):
        thing.verb(word, sent)


def notify(thing: Thing) -> None:
    """A place for messages."""
    thing.set("message", "command_topic", values.text, "command_template")


def event(thing: Thing) -> None:
    """Something that happens: an object with `event_type`."""
    rendered = thing.value("value_template")
    thing.instance = instance(thing.config, "action", "button", "event")

    def kind(raw: bytes, payload: Any) -> Any:
        found = rendered(raw, payload) if "value_template" in thing.config.options else payload
        if found.__class__ is str:
            found = parse(found.encode())
        return found.get("event_type") if found.__class__ is dict else None

    thing.read("action", "state_topic", values.text, kind)


def device_automation(thing: Thing) -> None:
    """A device trigger: `type` and `subtype` happen when the topic carries the payload."""
    config = thing.config
    type, subtype = config.text("type"), config.text("subtype")
    said = _PRESSES.get(type, subtype if type in ("action", "click") and subtype else type)
    thing.instance = subtype if said != subtype and subtype else None
    rendered, wanted = thing.value("value_template"), config.options.get("payload")

    def happened(raw: bytes, payload: Any) -> Any:
        found = rendered(raw, payload)
        return said if found is not None and (wanted is None or str(found) == str(wanted)) else None

    thing.read("action", "topic", values.text, happened)


def tag(thing: Thing) -> None:
    """A tag that was scanned."""
    thing.read("tag", "topic", values.text, thing.value("value_template"))
