"""Commands to gen1: shellies/ID/KIND/N/command with a word, …/set with an object."""

from __future__ import annotations

from typing import Any

import msgspec

from firmware_profiles.contract import Unsupported
from firmware_profiles.decoders.shelly import asked
from firmware_profiles.decoders.shelly.devices import Devices
from schemas.device import Command, Publication

_PLAIN = {
    "position": ("roller", "pos", 100),
    "valve_position": ("thermostat", "valve_pos", 100),
    "target_temperature": ("thermostat", "target_t", None),
}
_LAMPS = ("light", "color", "white")


def encode(devices: Devices, device: str, command: Command) -> list[Publication]:
    """The messages of a command.

    Raises:
        Unsupported: a property or verb that gen1 does not have.
    """
    if command.raw is not None:
        return [_raw(command.raw)]
    sent, word = [], asked.word(device, command)
    light = {name: value for name, value in command.set.items() if name in asked.LIGHT}
    if light or (word in asked.SWITCHING and command.transition is not None):
        sent.append(_light(devices, device, command, light, word))
    elif word is not None:
        kinds = ("relay", *_LAMPS) if word in asked.SWITCHING else ("roller", "valve")
        sent.append(_sent(devices, device, kinds, command.instance, "command", word))
    for property, value in command.set.items():
        if property in light or property == "state":
            continue
        if property not in _PLAIN:
            known = ", ".join(sorted({*_PLAIN, *asked.LIGHT, "state"}))
            raise Unsupported(f"`{property}` of {device} cannot be set; it may have {known}")
        kind, last, most = _PLAIN[property]
        text = str(asked.amount(property, value, most))
        sent.append(_sent(devices, device, (kind,), command.instance, f"command/{last}", text))
    return sent


def _light(
    devices: Devices, device: str, command: Command, light: dict[str, Any], word: str | None
) -> Publication:
    kind, number = devices.channel(device, _LAMPS, command.instance)
    payload: dict[str, Any] = {"turn": word or "on"}
    for property, value in light.items():
        payload |= _setting(kind, property, value)
    if payload.get("brightness") == 0 and word is None:
        payload = {"turn": "off"}  # a dimmer's range begins at 1
    if command.transition is not None:
        payload["transition"] = round(command.transition * 1000)
    topic = f"shellies/{device}/{kind}/{number}/set"
    return Publication(topic, msgspec.json.encode(payload))


def _setting(kind: str, property: str, value: Any) -> dict[str, Any]:
    if property == "brightness":
        percent = asked.amount(property, value, 100)
        # in color mode the brightness is called gain
        return {"brightness": percent} | ({"gain": percent} if kind == "color" else {})
    if property == "color_temp":
        warm = {"temp": round(asked.amount(property, value))}
        return {"mode": "white", **warm} if kind == "color" else warm
    if property in ("color_rgb", "color_hs"):
        red, green, blue = asked.rgb(property, value)
        return {"mode": "color", "red": red, "green": green, "blue": blue}
    return {property: round(asked.amount(property, value, 255))}


def _sent(
    devices: Devices,
    device: str,
    kinds: tuple[str, ...],
    instance: str | None,
    last: str,
    payload: str,
) -> Publication:
    kind, number = devices.channel(device, kinds, instance)
    return Publication(f"shellies/{device}/{kind}/{number}/{last}", payload)


def _raw(raw: dict[str, Any]) -> Publication:
    if not raw.get("topic"):
        raise Unsupported("`raw` needs a `topic`")
    payload = raw.get("payload", "")
    wire = payload if isinstance(payload, str | bytes) else msgspec.json.encode(payload)
    return Publication(str(raw["topic"]), wire)
