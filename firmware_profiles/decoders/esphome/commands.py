"""Commands to ESPHome: PREFIX/COMPONENT/OBJECT/command, a word or an object for lights."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from firmware_profiles.contract import Unsupported
from firmware_profiles.units import kelvin, number
from schemas.device import Command, Publication

Heard = Iterable[tuple[str, str]]
_LAMP = re.compile(r"(^|_)(lights?|lamps?|leds?|bulbs?|strip)(_|$|\d)")
_FAN = re.compile(r"(^|_)fan(_|$|\d)")
_LIGHT = ("brightness", "color_temp", "color_rgb", "effect", "white")
_VERBS: dict[str, tuple[str, tuple[str, ...]]] = {
    "turn_on": ("ON", ("switch", "light", "fan")),
    "turn_off": ("OFF", ("switch", "light", "fan")),
    "toggle": ("TOGGLE", ("switch", "light", "fan")),
    "open": ("OPEN", ("cover", "valve", "lock")),
    "close": ("CLOSE", ("cover", "valve")),
    "stop": ("STOP", ("cover", "valve")),
    "lock": ("LOCK", ("lock",)),
    "unlock": ("UNLOCK", ("lock",)),
    "press": ("PRESS", ("button",)),
    "activate": ("PRESS", ("button",)),
    "install": ("INSTALL", ("update",)),
}
_STATES = {
    "on": "turn_on", "off": "turn_off", "true": "turn_on", "false": "turn_off",
    "closed": "close", "stopped": "stop", "locked": "lock", "unlocked": "unlock",
}  # fmt: skip
_PARTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "position": ("position", ("cover", "valve")),
    "tilt": ("tilt", ("cover",)),
    "hvac_mode": ("mode", ("climate",)),
    "target_temperature": ("target_temperature", ("climate",)),
    "target_temperature_low": ("target_temperature_low", ("climate",)),
    "target_temperature_high": ("target_temperature_high", ("climate",)),
    "target_humidity": ("target_humidity", ("climate",)),
    "preset": ("preset", ("climate",)),
    "fan_mode": ("fan_mode", ("climate",)),
    "swing_mode": ("swing_mode", ("climate",)),
    "speed_level": ("speed_level", ("fan",)),
    "direction": ("direction", ("fan",)),
}
_SETTINGS = ("number", "select", "text")


def encode(heard: Heard, device: str, command: Command) -> list[Publication]:
    """The messages of a command; `heard` are the node's components and objects.

    Raises:
        Unsupported: no component takes it, or it is not said which of several.
    """
    if command.raw is not None:
        return [_raw(command.raw)]
    node = _Node(heard, device, command.instance)
    rest = dict(command.set)
    verb = command.do
    if verb is None and "state" in rest:
        word = str(rest.pop("state")).lower()
        verb = _STATES.get(word, word)
    light = {name: rest.pop(name) for name in _LIGHT if name in rest}
    sent = []
    if light:
        sent.append(_lamp(node.topic(("light",)), verb, light, command.transition))
    elif verb is not None:
        sent.append(_verb(node, verb, command.transition))
    sent += [_set(node, property, value) for property, value in rest.items()]
    if not sent:
        raise Unsupported(f"the command to {device} says nothing: give `set` or `do`")
    return sent


class _Node:
    """Which object of a node is meant."""

    def __init__(self, heard: Heard, device: str, instance: str | None) -> None:
        self.device = device
        self.instance = instance
        self.heard = list(heard)

    def topic(self, components: tuple[str, ...]) -> str:
        """PREFIX/COMPONENT/OBJECT of the instance, or of the only object there is.

        Raises:
            Unsupported: several or no objects, and none is named.
        """
        found = [
            pair
            for pair in self.heard
            if pair[0] in components and self.instance in (None, pair[1])
        ]
        if len(found) == 1:
            component, object = found[0]
        elif self.instance is not None:
            component, object = self._likely(components, self.instance), self.instance
        else:
            known = ", ".join(object for _, object in found) or "none yet"
            raise Unsupported(f"{self.device}: say which `instance`; known are {known}")
        return f"{self.device}/{component}/{object}"

    def _likely(self, components: tuple[str, ...], object: str) -> str:
        """By the name, where the object has not been heard of."""
        for component, pattern in (("light", _LAMP), ("fan", _FAN)):
            if component in components and pattern.search(object.lower()):
                return component
        return components[0]


def _verb(node: _Node, verb: str, transition: float | None) -> Publication:
    if verb not in _VERBS:
        known = ", ".join(sorted(_VERBS))
        raise Unsupported(f"`{verb}` is nothing that {node.device} can do: {known}")
    word, components = _VERBS[verb]
    topic = node.topic(components)
    if topic.split("/")[-2] == "light":
        return _lamp(topic, verb, {}, transition)
    return Publication(f"{topic}/command", word)


def _lamp(
    topic: str, verb: str | None, light: dict[str, Any], transition: float | None
) -> Publication:
    dark = verb is None and light.get("brightness") == 0
    payload: dict[str, Any] = {"state": _VERBS.get(verb or "", ("OFF" if dark else "ON",))[0]}
    for property, value in light.items():
        payload |= _setting(property, value)
    if transition is not None:
        payload["transition"] = transition
    return Publication(f"{topic}/command", msgspec.json.encode(payload))


def _setting(property: str, value: Any) -> dict[str, Any]:
    if property == "brightness":
        return {"brightness": round(min(max(_amount(property, value), 0), 100) * 255 / 100)}
    if property == "color_temp":
        return {"color_temp": kelvin(_amount(property, value))}
    if property == "color_rgb":
        if not isinstance(value, list | tuple) or len(value) != 3:
            raise Unsupported("`color_rgb` takes a list of 3 numbers")
        parts = [round(_amount(property, part)) for part in value]
        return {"color": dict(zip("rgb", parts, strict=True))}
    return {"white_value" if property == "white" else property: value}


def _set(node: _Node, property: str, value: Any) -> Publication:
    if property in _PARTS:
        part, components = _PARTS[property]
        return Publication(f"{node.topic(components)}/{part}/command", _text(value))
    for component, object in node.heard:
        if component in _SETTINGS and property == object:
            return Publication(f"{node.device}/{component}/{object}/command", _text(value))
    if property in _SETTINGS:
        return Publication(f"{node.topic((property,))}/command", _text(value))
    known = ", ".join(sorted((*_PARTS, *_LIGHT, *_SETTINGS, "state")))
    raise Unsupported(f"`{property}` of {node.device} cannot be set; it may have {known}")


def _amount(property: str, value: Any) -> float | int:
    plain = None if isinstance(value, bool) else number(value)
    if plain is None:
        raise Unsupported(f"`{property}` takes a number, not {value!r}")
    return plain


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _raw(raw: dict[str, Any]) -> Publication:
    if not raw.get("topic"):
        raise Unsupported("`raw` needs a `topic`")
    payload = raw.get("payload", "")
    wire = payload if isinstance(payload, str | bytes) else msgspec.json.encode(payload)
    return Publication(str(raw["topic"]), wire)
