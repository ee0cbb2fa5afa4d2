"""Commands to Tasmota: one message for each, or one Backlog where they have to fade together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from firmware_profiles.contract import Unsupported
from firmware_profiles.decoders.tasmota.member import Member
from firmware_profiles.units import kelvin, number
from firmware_profiles.values import text
from schemas.device import Command, Publication

_POWER = {"turn_on": "ON", "turn_off": "OFF", "toggle": "TOGGLE"}
_COVER = {"open": "ShutterOpen", "close": "ShutterClose", "stop": "ShutterStop"}
_WORDS = {
    "on": "ON", "true": "ON", "off": "OFF", "false": "OFF", "toggle": "TOGGLE",
}  # fmt: skip
_MOVES = {
    "open": "open", "opened": "open", "close": "close", "closed": "close",
    "stop": "stop", "stopped": "stop",
}  # fmt: skip
_SPEED_MAX = 40  # half seconds
Order = tuple[str, str]


def encode(member: Member, command: Command) -> list[Publication]:
    """The messages below the device's command topic.

    Raises:
        Unsupported: nothing the firmware knows, or a value that is not of its kind.
    """
    if command.raw is not None:
        return [_raw(command.raw)]
    instance = command.instance
    if instance is not None and (instance in member.zigbee or instance.startswith("0x")):
        return [_zigbee(member, instance, command)]
    orders = [*_orders(member, command)]
    if not orders:
        raise Unsupported(f"the command to {member.device} says nothing: give `set` or `do`")
    if command.transition is not None and not orders[0][0].startswith("Shutter"):
        orders = [_backlog(orders, command.transition)]
    return [Publication(member.orders + name, payload) for name, payload in orders]


def _raw(raw: Mapping[str, Any]) -> Publication:
    if not raw.get("topic"):
        raise Unsupported("`raw` needs a `topic`")
    payload = raw.get("payload", "")
    wire = payload if isinstance(payload, str | bytes) else msgspec.json.encode(payload)
    return Publication(str(raw["topic"]), wire)


def _orders(member: Member, command: Command) -> Iterator[Order]:
    index = command.instance or ""
    if command.do is not None:
        yield _verb(member, command.do, index)
    for property, value in command.set.items():
        yield from _setter(member, property, value, index)


def _verb(member: Member, verb: str, index: str) -> Order:
    if verb in _POWER:
        return f"POWER{index}", _POWER[verb]
    if verb in _COVER:
        return f"{_COVER[verb]}{index or 1}", ""
    known = ", ".join(sorted([*_POWER, *_COVER]))
    raise Unsupported(f"`{verb}` is nothing that {member.device} can do: {known}")


def _setter(member: Member, property: str, value: Any, index: str) -> Iterator[Order]:
    match property:
        case "state":
            yield _state(member, value, index)
        case "brightness":
            yield f"Dimmer{index}", str(round(_percent(member, property, value)))
        case "color_temp":
            mired = kelvin(value)
            if mired is None:
                raise Unsupported(f"`{property}` of {member.device} takes kelvin, not {value!r}")
            yield "CT", str(mired)
        case "color_rgb":
            yield "Color", ",".join(map(str, _numbers(property, value, 3)))
        case "color_hs":
            hue, saturation = _numbers(property, value, 2)
            yield "HSBColor1", str(hue)
            yield "HSBColor2", str(saturation)
        case "position":
            position = round(_percent(member, property, value))
            shown = 100 - position if (index or "1") in member.inverted else position
            yield f"ShutterPosition{index or 1}", str(shown)
        case "tilt":
            low, high = member.tilts.get(index or "1", (-90.0, 90.0))
            part = _percent(member, property, value) / 100
            yield f"ShutterTilt{index or 1}", str(round(low + part * (high - low)))
        case "fan_speed":
            yield "FanSpeed", str(round(_percent(member, property, value) * 3 / 100))
        case _:
            yield _own(member, property, value, index)


def _state(member: Member, value: Any, index: str) -> Order:
    word = (text(value) or "").strip().lower()
    if word in _WORDS:
        return f"POWER{index}", _WORDS[word]
    if word in _MOVES:
        return _verb(member, _MOVES[word], index)
    raise Unsupported(f"`state` of {member.device} takes on, off or toggle, not {value!r}")


def _own(member: Member, property: str, value: Any, index: str) -> Order:
    """A setting by the firmware's own name (`Scheme`, `White`, `Speed`)."""
    if not (property[:1].isupper() and property.isascii() and property.isalnum()):
        raise Unsupported(f"`{property}` of {member.device} cannot be set")
    return f"{property}{index}", text(value) or ""


def _percent(member: Member, property: str, value: Any) -> float:
    percent = number(value)
    if percent is None:
        raise Unsupported(
            f"`{property}` of {member.device} takes a number of 0 to 100, not {value!r}"
        )
    return max(0.0, min(100.0, percent))


def _numbers(property: str, value: Any, count: int) -> list[int]:
    parts = [number(part) for part in value] if isinstance(value, list | tuple) else []
    whole = [round(part) for part in parts if part is not None]
    if len(whole) != count:
        raise Unsupported(f"`{property}` takes a list of {count} numbers")
    return whole


def _backlog(orders: list[Order], seconds: float) -> Order:
    """All at once, faded over some seconds without keeping that as a setting."""
    speed = max(1, min(_SPEED_MAX, round(seconds * 2)))
    fade = ["Fade2 1", f"Speed2 {speed}"] if seconds > 0 else ["Fade2 0"]
    return "Backlog0", "; ".join(
        [*fade, *(f"{name} {payload}".strip() for name, payload in orders)]
    )


_ATTRIBUTES = {"open": "ShutterOpen", "close": "ShutterClose", "stop": "ShutterStop"}


def _zigbee(member: Member, name: str, command: Command) -> Publication:
    """What a Zigbee device behind the bridge is to do."""
    wanted: dict[str, Any] = {}
    if command.do in _POWER:
        wanted["Power"] = _POWER[command.do].capitalize()
    elif command.do in _ATTRIBUTES:
        wanted[_ATTRIBUTES[command.do]] = True
    elif command.do is not None:
        _verb(member, command.do, "")
    for property, value in command.set.items():
        wanted |= _attribute(member, property, value)
    if not wanted:
        raise Unsupported(f"the command to {name} says nothing: give `set` or `do`")
    send = {"Device": name, "Send": wanted}
    return Publication(f"{member.orders}ZbSend", msgspec.json.encode(send))


def _attribute(member: Member, property: str, value: Any) -> dict[str, Any]:
    if property == "state":
        name, payload = _state(member, value, "")
        return {"Power": payload.capitalize()} if payload else {name[:-1]: True}
    if property == "brightness":
        return {"Dimmer": round(_percent(member, property, value) * 254 / 100)}
    if property == "color_temp" and (mired := kelvin(value)) is not None:
        return {"CT": mired}
    if property == "position":  # 0 is open there
        return {"ShutterLift": 100 - round(_percent(member, property, value))}
    if property[:1].isupper():
        return {property: value}
    raise Unsupported(f"`{property}` of a Zigbee device cannot be set through {member.device}")
