"""tasmota/discovery: who a device is, where its topics are, what it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from firmware_profiles.decoders.tasmota.member import ONLINE, Member
from firmware_profiles.decoders.tasmota.topics import ROLES, STANDARD, heads
from firmware_profiles.units import kelvin, number
from schemas.device import Announcement, Entity

_RELAY, _LIGHT, _SHUTTER = 1, 2, 3
_DIMMABLE, _WHITES, _COLOR, _COLOR_WHITES = 1, 2, 3, 5  # kinds of lights (`lt_st`)
_INVERTED = 1


def describe(member: Member, config: Mapping[str, Any], mac: str) -> None:
    """Take in what a device tells of itself."""
    member.device = _text(config, "t") or default_topic(mac)
    member.mac, member.key = mac, f"{member.key.partition(':')[0]}:{mac}"
    member.name, member.model = _text(config, "dn"), _text(config, "md")
    prefixes = _texts(config, "tp")
    names = prefixes if len(prefixes) == len(ROLES) else list(ROLES)
    full = _text(config, "ft") or STANDARD
    member.heads = tuple(heads(full, member.device, names, _text(config, "hn"), mac))
    member.orders = member.heads[0]
    member.words = _words(_texts(config, "state"))
    member.will = dict(ONLINE)
    for key, online in (("onln", True), ("ofln", False)):
        if _text(config, key):
            member.will[_text(config, key).casefold()] = online
    member.inverted = frozenset(
        str(index + 1)
        for index, options in enumerate(_list(config, "sho"))
        if isinstance(options, int) and options & _INVERTED
    )
    member.tilts = dict(_tilts(_list(config, "sht")))
    member.entities = tuple(_entities(config))
    details = {"mac": mac, "firmware_version": _text(config, "sw"), "full_topic": full}
    member.details = {key: value for key, value in details.items() if value}
    member.version += 1


def announcement(member: Member) -> Announcement:
    """The device with its entities, those of its sensors too."""
    return Announcement(
        device=member.device,
        key=member.key,
        name=member.name,
        manufacturer="Tasmota",
        model=member.model,
        entities=member.entities + member.sensors,
    )


def default_topic(mac: str) -> str:
    """The topic of a device whose owner gave it none: the end of its address."""
    return f"tasmota_{mac[-6:]}"


def _words(states: list[str]) -> dict[str, str]:
    """The device's own words for off and on; those that mean neither are left out."""
    found = zip(states, ("off", "on"), strict=False)
    return {word.strip().lower(): state for word, state in found if word.strip()}


def _tilts(tilts: list[Any]) -> Iterator[tuple[str, tuple[float, float]]]:
    for index, tilt in enumerate(tilts):
        low, high = (number(each) for each in tilt[:2]) if _pair(tilt) else (None, None)
        if low is not None and high is not None and low != high:
            yield str(index + 1), (low, high)


def _pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) >= 2


def _entities(config: Mapping[str, Any]) -> Iterator[Entity]:
    relays = _list(config, "rl")
    used = [index for index, kind in enumerate(relays) if kind]
    names = _list(config, "fn")
    for index in used:
        instance = str(index + 1) if len(used) > 1 else None
        name = names[index] if index < len(names) and isinstance(names[index], str) else None
        if relays[index] == _RELAY:
            yield Entity("state", instance, "switch", name=name, settable=True)
        elif relays[index] == _LIGHT:
            yield Entity("state", instance, "light", name=name, settable=True)
    if _LIGHT in relays:
        yield from _light(config)
    for index in range(sum(kind == _SHUTTER for kind in relays) // 2):
        instance = str(index + 1)
        yield Entity("state", instance, "cover", settable=True)
        yield Entity("position", instance, "cover", "%", settable=True, minimum=0, maximum=100)
        if instance in dict(_tilts(_list(config, "sht"))):
            yield Entity("tilt", instance, "cover", "%", settable=True, minimum=0, maximum=100)
    if config.get("if"):
        yield Entity("fan_speed", None, "fan", "%", settable=True, minimum=0, maximum=100)
    yield from _inputs(config)


def _light(config: Mapping[str, Any]) -> Iterator[Entity]:
    kind = config.get("lt_st")
    if not isinstance(kind, int) or kind < _DIMMABLE:
        return
    yield Entity("brightness", None, "light", "%", settable=True, minimum=0, maximum=100)
    if kind in (_WHITES, _COLOR_WHITES):
        reduced = _option(config, "82")
        warm, cold = kelvin(380 if reduced else 500), kelvin(200 if reduced else 153)
        yield Entity("color_temp", None, "light", "K", settable=True, minimum=warm, maximum=cold)
    if kind >= _COLOR:
        yield Entity("color_rgb", None, "light", settable=True)


def _inputs(config: Mapping[str, Any]) -> Iterator[Entity]:
    names = _list(config, "swn")
    for index, mode in enumerate(_list(config, "swc")):
        if isinstance(mode, int) and mode >= 0:
            name = names[index] if index < len(names) else None
            own = name if isinstance(name, str) and name else f"Switch{index + 1}"
            yield Entity("input", own, "binary_sensor")
            if _option(config, "114"):
                yield Entity("action", own, "event")
    for index, used in enumerate(_list(config, "btn")):
        if used and _option(config, "73"):
            yield Entity("action", f"Button{index + 1}", "event")


def _option(config: Mapping[str, Any], number_: str) -> bool:
    options = config.get("so")
    return isinstance(options, dict) and bool(options.get(number_))


def _list(config: Mapping[str, Any], key: str) -> list[Any]:
    value = config.get(key)
    return value if isinstance(value, list) else []


def _text(config: Mapping[str, Any], key: str) -> str:
    value = config.get(key)
    return value if isinstance(value, str) else ""


def _texts(config: Mapping[str, Any], key: str) -> list[str]:
    return [value if isinstance(value, str) else "" for value in _list(config, key)]
