"""Object ids: what a sensor measures, by its discovery or by the words of its name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from firmware_profiles import values
from firmware_profiles.rules import Rule, compiled, full, unknown
from firmware_profiles.units import convertible, spelled
from firmware_profiles.vocabulary import TERMS, known
from schemas.profile import FieldRule

_SENSOR_CHIPS = re.compile(
    r"[ab]h[t]?\d+|bm[ep]\d+|dht\d*|ds18b20|sht\w*|scd\d+|htu\d+|hdc\d+|am23\d+|pzem\w*|hlw\w*"
    r"|bh1750|tsl\d+|mhz19\w?|sensor|value|xiaomi|mijia|ble"
)
# a name that begins with these says what it is, unless it goes on with a word for something else
_LEADING = {"temperature", "humidity", "pressure", "illuminance", "co2", "pm25", "moisture"}
_MODIFIERS = {
    "offset", "setpoint", "target", "min", "max", "minimum", "maximum", "alarm", "threshold",
    "calibration", "trend", "delta", "diff", "correction", "state", "status", "mode", "demand",
    "limit", "set", "cost", "rate",
}  # fmt: skip
_UNITS = {
    "°C": "temperature", "°F": "temperature", "lx": "illuminance", "hPa": "pressure", "W": "power",
    "kW": "power", "V": "voltage", "A": "current", "kWh": "energy", "Wh": "energy",
    "Hz": "frequency", "dBm": "signal_strength", "VA": "apparent_power", "var": "reactive_power",
}  # fmt: skip
_CLASSES: dict[str, FieldRule] = {
    "door": FieldRule(property="contact", invert=True),
    "window": FieldRule(property="contact", invert=True),
    "opening": FieldRule(property="contact", invert=True),
    "moisture": FieldRule(property="water_leak"),
    "battery": FieldRule(property="battery_low"),
}
_NOTHING = frozenset(("", "nan", "unknown", "unavailable", "none"))
Fields = Mapping[str, FieldRule | str | None]


def rule(
    component: str, object: str, device: str, fields: Fields, told: Mapping[str, Any] | None
) -> Rule:
    """The rule for the values of one sensor; `told` is its discovery config, if it has one.

    Others than sensors keep their own name, as a set point's name speaks of what it changes.
    """
    if object in fields and (found := compiled(fields[object], object)).property:
        return found
    if component not in ("sensor", "binary_sensor"):
        term = TERMS.get(object)
        measure = component == "number" and term is not None and term.kind == "number"
        return compiled(object, object) if measure else replace(unknown(object), convert=_plain)
    kind = "number" if component == "sensor" else "boolean"
    meant = _told(kind, told) if told else None
    meant = meant or _named(kind, object, device, fields, told)
    if meant is not None:
        return compiled(meant, object)
    if component == "binary_sensor":
        return Rule(object, None, None, values.boolean())
    return Rule(object, spelled(_unit(told)) or None, None, _plain)


def _plain(value: Any) -> Any:
    if value.__class__ is str and value.strip().lower() in _NOTHING:
        return None
    return values.plain(value)


def _told(kind: str, told: Mapping[str, Any]) -> FieldRule | None:
    """By device class, else by a unit that only one property has."""
    name, unit = told.get("device_class"), _unit(told)
    if kind == "boolean":
        word = str(name)
        alias = known(word)
        return _CLASSES.get(word) or _rule(
            kind, FieldRule(property=alias.property if alias else "")
        )
    alias = known(str(name))
    property = alias.property if alias else _UNITS.get(spelled(unit), "")
    term = TERMS.get(property)
    if term is None or term.kind != "number" or not convertible(unit, term.unit):
        return None
    return FieldRule(property=property, unit=unit or "")


def _named(
    kind: str, object: str, device: str, fields: Fields, told: Mapping[str, Any] | None
) -> FieldRule | None:
    """By the words of the name: all of it, how it ends, or how it begins."""
    for words in _candidates(object.lower().replace("-", "_"), device):
        name = "_".join(words)
        alias = known(name) if name == object.lower() else None
        field = full(fields.get(name)) or (
            FieldRule(property=alias.property, unit=alias.unit) if alias else None
        )
        found = _rule(kind, field)
        unit = _unit(told)
        if found is None or (unit and not convertible(unit, TERMS[found.property].unit)):
            continue
        return FieldRule(property=found.property, unit=unit or found.unit, invert=found.invert)
    return None


def _candidates(object: str, device: str) -> Iterator[list[str]]:
    words = [word for word in object.split("_") if word]
    yield words
    own = re.split(r"[_\-/]", device.lower())
    short = [word for word in words if not _SENSOR_CHIPS.fullmatch(word) and word not in own]
    for each in (words, short):
        for start in range(len(each)):
            yield each[start:]
    if short and short[0] in _LEADING and not _MODIFIERS.intersection(short):
        yield short[:1]


def _rule(kind: str, field: FieldRule | None) -> FieldRule | None:
    term = TERMS.get(field.property) if field else None
    return field if term is not None and term.kind == kind else None


def _unit(told: Mapping[str, Any] | None) -> str | None:
    unit = (told or {}).get("unit_of_measurement")
    return unit if isinstance(unit, str) else None
