"""Keys of Tasmota's payloads: what each means in the object of a sensor, in units told in-band."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from firmware_profiles import values
from firmware_profiles.rules import IGNORE, Rule, Rules, compiled, full, unknown, well_known
from firmware_profiles.units import number
from schemas.device import Reading
from schemas.profile import FieldRule

Specs = Mapping[str, FieldRule | str | None]
UNITS = ("TempUnit", "PressureUnit", "SpeedUnit")
_INDEX = re.compile(r"[-_](?:\d+|0x[0-9A-Fa-f]+|[0-9A-Fa-f]{6})$")
_NUMBERED = re.compile(r"(.*?[A-Za-z])(\d+)")
_UPTIME = re.compile(r"(\d+)T(\d+):(\d+):(\d+)")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")


class Keys:
    """What the keys of this firmware mean; `specs` are those of its profile."""

    def __init__(self, specs: Specs) -> None:
        self._specs = specs

    def sensor(self, sensor: str, instance: str | None, units: Mapping[str, str]) -> Rules:
        """The rules of one sensor's object; keys nobody knows keep their name."""
        scope = _INDEX.sub("", sensor)

        def guess(key: str) -> Rule:
            rule = self._named((sensor, scope), key, instance, units)
            if rule is None and scope == "ANALOG" and (match := _NUMBERED.fullmatch(key)):
                rule = self._named((scope,), match[1], match[2], units)
            return unknown(key, instance) if rule is None else rule

        return Rules(guess)

    def known(self, sensor: str, key: str, instance: str | None, units: Mapping[str, str]) -> bool:
        """Whether a key says something that has a name here."""
        rule = self._named((sensor, _INDEX.sub("", sensor)), key, instance, units)
        return rule is not None and rule.property != ""

    def zigbee(self, instance: str, units: Mapping[str, str]) -> Rules:
        """The rules of one Zigbee device; `Power3` is the `Power` of endpoint 3."""

        def guess(key: str) -> Rule:
            if key in ("X", "Y"):
                return IGNORE if key == "Y" else replace(IGNORE, special=_chromaticity(instance))
            if not key.isalnum():  # clusters nobody decoded
                return IGNORE
            rule = self._spec(f"Zb.{key}", instance, units)
            if rule is None and (match := _NUMBERED.fullmatch(key)):
                rule = self._spec(f"Zb.{match[1]}", f"{instance}-{match[2]}", units)
            return rule or unknown(key, instance)

        return Rules(guess)

    def state(self, words: Mapping[str, str], *, strict: bool) -> Rules:
        """The rules of the device itself; `strict` leaves out what nobody knows."""

        def guess(key: str) -> Rule:
            if key.startswith("POWER") and key[5:].isdecimal() | (key == "POWER"):
                return Rule("state", None, key[5:] or None, switched(words))
            if key in _SPECIAL:
                return replace(IGNORE, special=_SPECIAL[key])
            rule = self._spec(f"STATE.{key}", None, {})
            if rule is None and (match := _NUMBERED.fullmatch(key)):
                rule = self._spec(f"STATE.{match[1]}", match[2], {})
            return rule or (IGNORE if strict else unknown(key))

        return Rules(guess)

    def _named(
        self, scopes: tuple[str, ...], key: str, instance: str | None, units: Mapping[str, str]
    ) -> Rule | None:
        for scope in scopes:
            rule = self._spec(f"{scope}.{key}", instance, units)
            if rule is not None:
                return rule
        return self._spec(key, instance, units) or well_known(key, instance)

    def _spec(self, name: str, instance: str | None, units: Mapping[str, str]) -> Rule | None:
        if name not in self._specs:
            return None
        rule = full(self._specs[name])
        if rule is not None and rule.unit.startswith("{"):
            rule = replace(rule, unit=units.get(rule.unit.strip("{}"), ""))
        try:
            return compiled(rule, instance)
        except ValueError:  # a unit nobody knows says nothing
            return IGNORE


def switched(words: Mapping[str, str]) -> values.Convert:
    """A conversion to `on` and `off`, in the device's own words too; TOGGLE and HOLD are none."""

    def convert(value: Any) -> str | None:
        word = values.switch(value)
        said = words.get(word, word) if word else None
        return said if said in ("on", "off") else None

    return convert


def _wifi(value: Any, payload: Mapping[str, Any], add: Callable[[Reading], None]) -> None:
    if value.__class__ is not dict:
        return
    quality, signal = number(value.get("RSSI")), number(value.get("Signal"))
    if quality is not None:
        add(Reading("signal_quality", quality, "%", None))
    if signal is not None:
        add(Reading("signal_strength", signal, "dBm", None))


def _uptime(value: Any, payload: Mapping[str, Any], add: Callable[[Reading], None]) -> None:
    """Days, hours, minutes and seconds, where the seconds are not given as a number."""
    match = _UPTIME.fullmatch(value) if isinstance(value, str) else None
    if match is not None and "UptimeSec" not in payload:
        days, hours, minutes, seconds = map(int, match.groups())
        add(Reading("uptime", ((days * 24 + hours) * 60 + minutes) * 60 + seconds, "s", None))


def _color(value: Any, payload: Mapping[str, Any], add: Callable[[Reading], None]) -> None:
    """`RRGGBB[WW[WW]]` or `r,g,b[,w[,w]]`; fewer channels are no color."""
    if not isinstance(value, str):
        return
    digits = value.removeprefix("#")
    if "," in value:
        parts = [number(part) for part in value.split(",")]
    elif _HEX.fullmatch(digits):
        parts = list(bytes.fromhex(digits))
    else:
        return
    if len(parts) >= 3 and None not in parts:
        add(Reading("color_rgb", parts[:3], None, None))


def _hue(value: Any, payload: Mapping[str, Any], add: Callable[[Reading], None]) -> None:
    parts = [number(part) for part in value.split(",")] if isinstance(value, str) else []
    if len(parts) == 3 and None not in parts:
        add(Reading("color_hs", parts[:2], None, None))


def _chromaticity(
    instance: str,
) -> Callable[[Any, Mapping[str, Any], Callable[[Reading], None]], None]:
    def read(value: Any, payload: Mapping[str, Any], add: Callable[[Reading], None]) -> None:
        x, y = number(value), number(payload.get("Y"))
        if x is not None and y is not None:
            add(Reading("color_xy", [round(x / 65536, 4), round(y / 65536, 4)], None, instance))

    return read


_SPECIAL = {"Wifi": _wifi, "Uptime": _uptime, "Color": _color, "HSBColor": _hue}
