"""Commands to gen2+: requests to PREFIX/rpc, one for each component."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from firmware_profiles.contract import Unsupported
from firmware_profiles.decoders.shelly import asked
from firmware_profiles.decoders.shelly.devices import Devices
from schemas.device import Command, Publication

SOURCE = "hearthflow"  # answers come to SOURCE/rpc
_NAMES = {
    "switch": "Switch", "light": "Light", "rgb": "RGB", "rgbw": "RGBW", "cct": "CCT",
    "rgbcct": "RGBCCT", "cover": "Cover", "thermostat": "Thermostat", "boolean": "Boolean",
    "number": "Number", "text": "Text", "enum": "Enum",
}  # fmt: skip
_LAMPS = ("light", "rgbw", "rgb", "cct", "rgbcct")
_COLORED = ("rgbw", "rgb", "rgbcct")
_WARM = ("cct", "rgbcct")
_HEATERS = ("thermostat", "blutrv")
_VIRTUAL = ("boolean", "number", "text", "enum")
Request = tuple[str, dict[str, Any]]


def encode(devices: Devices, device: str, command: Command, id: int) -> list[Publication]:
    """The requests of a command; `id` numbers the first.

    Raises:
        Unsupported: a property or verb that no component has.
    """
    if command.raw is not None and command.raw.get("topic"):
        payload = command.raw.get("payload", "")
        wire = payload if isinstance(payload, str | bytes) else msgspec.json.encode(payload)
        return [Publication(str(command.raw["topic"]), wire)]
    return [
        _published(device, id + index, method, params)
        for index, (method, params) in enumerate(_requests(devices, device, command))
    ]


def _published(device: str, id: int, method: str, params: dict[str, Any]) -> Publication:
    request = {"id": id, "src": SOURCE, "method": method, "params": params}
    return Publication(f"{device}/rpc", msgspec.json.encode(request))


def _requests(devices: Devices, device: str, command: Command) -> Iterator[Request]:
    if command.raw is not None:
        if not isinstance(command.raw.get("method"), str):
            raise Unsupported("`raw` needs a `method`, or a `topic`")
        yield command.raw["method"], dict(command.raw.get("params") or {})
        return
    word = asked.word(device, command)
    light = {name: value for name, value in command.set.items() if name in asked.LIGHT}
    if light or word in asked.SWITCHING:
        yield _switched(devices, device, command, light, word)
    elif word is not None:
        _, number = devices.channel(device, ("cover",), command.instance)
        yield f"Cover.{word.capitalize()}", {"id": int(number)}
    rest = {k: v for k, v in command.set.items() if k not in light and k != "state"}
    for property, value in rest.items():
        yield _other(devices, device, property, value, command.instance)


def _switched(
    devices: Devices, device: str, command: Command, light: dict[str, Any], word: str | None
) -> Request:
    """Set or Toggle of a switch or light, with all that a light takes at once."""
    kind, number = devices.channel(device, _kinds(light), command.instance)
    params: dict[str, Any] = {"id": int(number)}
    if word == "toggle" and not light:
        return f"{_NAMES[kind]}.Toggle", params
    params["on"] = word != "off"
    for property, value in light.items():
        params |= _setting(property, value)
    if params.get("brightness") == 0 and word is None:
        params["on"] = False
    if command.transition is not None and kind != "switch":
        params["transition_duration"] = command.transition
    return f"{_NAMES[kind]}.Set", params


def _kinds(light: dict[str, Any]) -> tuple[str, ...]:
    if "color_rgb" in light or "color_hs" in light:
        return _COLORED
    if "color_temp" in light:
        return _WARM
    return _LAMPS if light else ("switch", *_LAMPS)


def _setting(property: str, value: Any) -> dict[str, Any]:
    if property == "brightness":
        return {"brightness": asked.amount(property, value, 100)}
    if property == "color_temp":
        return {"ct": round(asked.amount(property, value))}
    if property in ("color_rgb", "color_hs"):
        return {"rgb": asked.rgb(property, value)}
    return {property: asked.amount(property, value, 255)}


def _other(
    devices: Devices, device: str, property: str, value: Any, instance: str | None
) -> Request:
    if property in ("position", "tilt"):
        _, number = devices.channel(device, ("cover",), instance)
        name = "pos" if property == "position" else "slat_pos"
        percent = asked.amount(property, value, 100)
        return "Cover.GoToPosition", {"id": int(number), name: percent}
    if property in ("target_temperature", "hvac_mode", "valve_position"):
        return _heater(devices, device, property, value, instance)
    if property in _VIRTUAL:
        kind, number = devices.channel(device, (property,), instance)
        return f"{_NAMES[kind]}.Set", {"id": int(number), "value": value}
    known = sorted(
        {*asked.LIGHT, *_VIRTUAL, "state", "position", "tilt", "target_temperature", "hvac_mode"}
    )
    raise Unsupported(f"`{property}` of {device} cannot be set; it may have {', '.join(known)}")


def _heater(
    devices: Devices, device: str, property: str, value: Any, instance: str | None
) -> Request:
    """A wall thermostat, or a valve that a gateway speaks for."""
    kind, number = devices.channel(device, _HEATERS, instance)
    if kind == "blutrv":
        method, key = {
            "target_temperature": ("TRV.SetTarget", "target_C"),
            "valve_position": ("TRV.SetPosition", "pos"),
        }.get(property, ("", ""))
        if not method:
            raise Unsupported(f"`{property}` of {device} cannot be set")
        inner = {"id": 0, key: asked.amount(property, value)}
        return "BluTRV.Call", {"id": int(number), "method": method, "params": inner}
    if property == "hvac_mode":
        config: dict[str, Any] = {"enable": str(value).lower() != "off"}
    else:
        config = {"target_C": asked.amount(property, value)}
    return "Thermostat.SetConfig", {"id": int(number), "config": config}
