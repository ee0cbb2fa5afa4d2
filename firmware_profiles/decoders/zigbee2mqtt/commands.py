"""Commands to Zigbee2MQTT: BASE/NAME/set with what the exposes say the device takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from firmware_profiles.contract import Unsupported
from firmware_profiles.decoders.zigbee2mqtt.network import Member
from firmware_profiles.units import kelvin, number
from schemas.device import Command, Publication

_VERBS: dict[str, tuple[str, Any]] = {
    "turn_on": ("state", "on"),
    "turn_off": ("state", "off"),
    "toggle": ("state", "toggle"),
    "open": ("state", "open"),
    "close": ("state", "close"),
    "stop": ("state", "stop"),
    "lock": ("state", "lock"),
    "unlock": ("state", "unlock"),
    "identify": ("identify", "identify"),
}
_ENCODER = msgspec.json.Encoder()


def encode(base: str, member: Member, command: Command) -> list[Publication]:
    """One message to BASE/NAME/set with everything in it.

    Raises:
        Unsupported: a verb nobody knows, or a value that is not of its kind.
    """
    if command.raw is not None:
        return [_raw(base, member, command.raw)]
    wanted = dict(command.set)
    if command.do is not None:
        if command.do == "activate" and "scene" in wanted:
            wanted["scene_recall"] = wanted.pop("scene")
        elif command.do not in _VERBS:
            raise Unsupported(_unknown_verb(member, command.do))
        else:
            property, value = _VERBS[command.do]
            wanted[property] = value
    payload: dict[str, Any] = {}
    for property, value in wanted.items():
        key, raw = _field(member, property, value, command.instance)
        payload[key] = raw
    if command.transition is not None:
        payload["transition"] = command.transition
    if not payload:
        raise Unsupported(f"the command to {member.name} says nothing: give `set` or `do`")
    return [Publication(f"{base}/{member.name}/set", _ENCODER.encode(payload))]


def _raw(base: str, member: Member, raw: Mapping[str, Any]) -> Publication:
    topic = raw.get("topic") or f"{base}/{member.name}/set"
    payload = raw.get("payload", "")
    wire = payload if isinstance(payload, str | bytes) else _ENCODER.encode(payload)
    return Publication(str(topic), wire)


def _unknown_verb(member: Member, verb: str) -> str:
    return (
        f"`{verb}` is nothing that {member.name} can do: {', '.join(sorted([*_VERBS, 'activate']))}"
    )


def _field(member: Member, property: str, value: Any, instance: str | None) -> tuple[str, Any]:
    """The payload key and raw value of one property."""
    if property in ("color_xy", "color_hs", "color_rgb"):
        return _key(member, "color", instance), _color(property, value)
    expose = next(_exposes(member.exposes, member, property, instance), None)
    key = (
        str(expose["property"])
        if expose
        else _key(member, _NAMES.get(property, property), instance)
    )
    return key, _value(property, value, expose or {}, member)


_NAMES = {
    "target_temperature": "occupied_heating_setpoint",
    "hvac_mode": "system_mode",
}


def _key(member: Member, name: str, instance: str | None) -> str:
    return f"{name}_{instance}" if instance else name


def _exposes(
    exposes: Any, member: Member, property: str, instance: str | None
) -> Iterator[Mapping[str, Any]]:
    for expose in exposes:
        features = expose.get("features")
        if isinstance(features, list) and expose.get("type") not in ("composite", "list"):
            inner = [each for each in features if isinstance(each, dict)]
            yield from _exposes(inner, member, property, instance)
            continue
        key = expose.get("property")
        if not isinstance(key, str) or not _settable(expose):
            continue
        rule = member.rules[key]
        endpoint = expose.get("endpoint")
        if property in (rule.property, key) and (
            instance is None or instance in (rule.instance, str(endpoint))
        ):
            yield expose


def _settable(expose: Mapping[str, Any]) -> bool:
    access = expose.get("access")
    return not isinstance(access, int) or bool(access & 2)


def _value(property: str, value: Any, expose: Mapping[str, Any], member: Member) -> Any:
    if property == "brightness":
        full = number(expose.get("value_max")) or 254
        return _scaled(value, full, member, property)
    if property in ("color_temp", "color_temp_startup") and value.__class__ in (int, float):
        return kelvin(value)
    on, off = expose.get("value_on"), expose.get("value_off")
    if isinstance(value, bool) and isinstance(on, str) and isinstance(off, str):
        return on if value else off
    if property == "state":
        return _state(value, expose)
    if property == "child_lock" and isinstance(value, bool) and not expose:
        return "LOCK" if value else "UNLOCK"
    return value


def _scaled(value: Any, full: float, member: Member, property: str) -> int:
    percent = number(value)
    if percent is None:
        raise Unsupported(
            f"`{property}` of {member.name} takes a number of 0 to 100, not {value!r}"
        )
    return round(max(0.0, min(100.0, percent)) * full / 100)


_STATES = {
    "on": "ON", "off": "OFF", "toggle": "TOGGLE", "true": "ON", "false": "OFF",
    "open": "OPEN", "close": "CLOSE", "closed": "CLOSE", "opened": "OPEN",
    "stop": "STOP", "stopped": "STOP", "lock": "LOCK", "locked": "LOCK",
    "unlock": "UNLOCK", "unlocked": "UNLOCK",
}  # fmt: skip


def _state(value: Any, expose: Mapping[str, Any]) -> Any:
    word = str(value).strip().lower()
    for named, spelled in (("on", "value_on"), ("off", "value_off"), ("toggle", "value_toggle")):
        if word in (named, {"on": "true", "off": "false"}.get(named)) and spelled in expose:
            return expose[spelled]
    return _STATES.get(word, value)


def _color(property: str, value: Any) -> Any:
    names = {
        "color_xy": ("x", "y"),
        "color_hs": ("hue", "saturation"),
        "color_rgb": ("r", "g", "b"),
    }
    if isinstance(value, str):
        return {"hex": value} if value.startswith("#") else {"rgb": value}
    if isinstance(value, list | tuple) and len(value) == len(names[property]):
        return dict(zip(names[property], value, strict=True))
    if isinstance(value, dict):
        return value
    raise Unsupported(f"`{property}` takes a list of {len(names[property])} numbers")
