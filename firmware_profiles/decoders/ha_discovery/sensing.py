"""What an entity measures: from its class, unit, template and names to a canonical property."""

from __future__ import annotations

import re
from typing import NamedTuple

from firmware_profiles import values
from firmware_profiles.decoders.ha_discovery.config import Config
from firmware_profiles.rules import compiled
from firmware_profiles.units import convertible, number, spelled
from firmware_profiles.vocabulary import BY_UNIT, TERMS, Alias, known
from schemas.profile import FieldRule

_SAME = """
temperature humidity battery power energy voltage current frequency apparent_power
reactive_power power_factor illuminance pressure pm25 pm10 wind_speed wind_direction
precipitation conductivity distance weight moisture signal_strength
"""
_CLASSES = dict(zip(_SAME.split(), _SAME.split(), strict=True)) | {
    "atmospheric_pressure": "pressure",
    "carbon_dioxide": "co2",
    "volatile_organic_compounds": "voc",
    "energy_storage": "energy",
    "duration": "uptime",
    "speed": "wind_speed",
}
# (class's property, a word in the names, what it is then); the first that fits
_REFINED = (
    ("temperature", r"dew", "dew_point"),
    ("temperature", r"target|set_?point", "target_temperature"),
    ("temperature", r"device_?temp|chip|cpu|processor|internal_?temp", "device_temperature"),
    ("energy", r"return|export|produc|feed_?in|ret_", "energy_returned"),
    ("energy", r"today|daily", "energy_today"),
    ("energy", r"yesterday", "energy_yesterday"),
    ("voltage", r"batter", "battery_voltage"),
    ("humidity", r"soil", "moisture"),
)
# a number about a property, not the property
_SETTING = re.compile(
    r"calibration|offset|hysteresis|threshold|dead_?(zone|band)|differential|tolerance|compensation"
    r"|interval|sensitivity|(^|_)limit"
)
_NEEDED = {"uptime": r"uptime", "wind_speed": r"wind"}
_BINARY = {
    "battery": "battery_low", "door": "contact", "window": "contact", "opening": "contact",
    "garage_door": "garage_door", "motion": "occupancy", "occupancy": "occupancy",
    "presence": "occupancy", "moisture": "water_leak", "smoke": "smoke", "gas": "gas",
    "carbon_monoxide": "carbon_monoxide", "tamper": "tamper", "vibration": "vibration",
    "heat": "overheating",
}  # fmt: skip
_TOKEN = re.compile(r"[^\W_]+")
_INDEX = re.compile(r"\d{1,3}")


class Measure(NamedTuple):
    """A property, its unit and the conversion of its raw values."""

    property: str
    unit: str | None
    convert: values.Convert


def measure(config: Config, key: str) -> Measure:
    """What a sensor, number, select or text holds; `key` is the key its template reads."""
    unit = config.text("unit_of_measurement")
    setting = _SETTING.search(f"{key} {config.object}".lower().replace("-", "_"))
    property = "" if setting else _classed(config, key) or _named(config, key, unit)
    if property:
        sent = "" if property == "linkquality" or TERMS[property].kind != "number" else unit
        rule = compiled(FieldRule(property=property, unit=sent))
        return Measure(property, rule.unit, rule.convert)
    numeric = bool(unit) or "state_class" in config.options or config.component == "number"
    return Measure(own_key(config, key), None, _numeric if numeric else values.plain)


def binary(config: Config, key: str) -> Measure:
    """What a binary sensor tells. Home Assistant's `on` means open, `contact` means closed."""
    property = _BINARY.get(config.text("device_class"), "")
    if re.search(r"over_?(heat|temp)", _hints(config, key)):
        property = "overheating"
    if not property and (alias := known(key) or known(config.object)) is not None:
        property = alias.property if TERMS[alias.property].kind == "boolean" else ""
    on, off = config.text("payload_on", "ON"), config.text("payload_off", "OFF")
    convert = matching(on, off)
    if property == "contact":
        convert = values.inverse(convert)
    return Measure(property or own_key(config, key), None, convert)


def matching(on: str, off: str) -> values.Convert:
    """A conversion to true and false by the two payloads; a boolean is `True` or `False`."""
    table = {off: False, on: True}
    folded = {word.casefold(): told for word, told in table.items()}

    def convert(value: object) -> bool | None:
        if value.__class__ is not str:
            value = str(value)
        found = table.get(value)
        return folded.get(str(value).casefold()) if found is None else found

    return convert


def own_key(config: Config, key: str) -> str:
    """The name of a property that nobody knows: its key in the payload, else its object id.

    A canonical name has its own meaning and unit, so it is not used for anything else.
    """
    object = "_".join(_TOKEN.findall(config.object.lower()))
    unit = "_".join(_TOKEN.findall(config.text("unit_of_measurement"))) or config.component
    usable = (name for name in (key, object) if name and name not in TERMS)
    return next(usable, f"{object or key}_{unit}")


def instance(config: Config, *said: str) -> str | None:
    """What tells an entity from its device's others: its object id less what is said already."""
    device = config.about
    told = [config.component, config.text("device_class"), config.device, *said]
    told += [str(device.get(key, "")) for key in ("name", "model")]
    told += [config.text("~"), config.text("state_topic").partition("/")[0]]
    known_words = {word for each in told for word in _words(each)}
    left = [
        word
        for word in _TOKEN.findall(config.object)
        if _INDEX.fullmatch(word) or not (word.lower() in known_words or _means(word, said))
    ]
    return "_".join(left) or None


def _means(word: str, said: tuple[str, ...]) -> bool:
    alias = known(word)
    return alias is not None and alias.property in said


def _words(text: str) -> set[str]:
    return {word.lower() for word in _TOKEN.findall(text.replace(":", ""))}


def _hints(config: Config, key: str) -> str:
    names = (key, config.object, config.text("name"), config.text("unique_id"))
    return " ".join((*names, config.text("value_template"))).lower().replace(" ", "_")


def _classed(config: Config, key: str) -> str:
    property = _CLASSES.get(config.text("device_class"), "")
    hints, unit = _hints(config, key), config.text("unit_of_measurement")
    if property in _NEEDED and not re.search(_NEEDED[property], hints):
        return ""
    for base, words, refined in _REFINED:
        if property == base and re.search(words, hints):
            property = refined
    if property == "temperature" and config.text("entity_category") == "diagnostic":
        property = "device_temperature"
    if property == "signal_strength" and unit == "%":
        property = "signal_quality"
    return property if property and _fits(property, unit) else ""


def _fits(property: str, unit: str) -> bool:
    if property == "linkquality":
        return True
    term = TERMS[property]
    if term.kind != "number":
        return not unit
    return convertible(unit, term.unit)


def _named(config: Config, key: str, unit: str) -> str:
    """By the key of the template, by words of the names where the unit agrees, by the unit."""
    exact = known(key) or known(config.object)
    if exact is not None and _sensed(exact, config) and _fits(exact.property, unit):
        return exact.property
    if not unit:
        return ""
    words = _TOKEN.findall(f"{config.object} {config.text('name')}".lower())
    for size in (3, 2, 1):
        for start in range(len(words) - size + 1):
            alias = known("_".join(words[start : start + size]))
            if alias is not None and _agrees(alias, unit):
                return alias.property
    return BY_UNIT.get(spelled(unit), "")


def _sensed(alias: Alias, config: Config) -> bool:
    kind = TERMS[alias.property].kind
    return kind in ("number", "text", "momentary") or (
        kind == "boolean" and config.component == "sensor"
    )


def _agrees(alias: Alias, unit: str) -> bool:
    term = TERMS[alias.property]
    return term.kind == "number" and bool(term.unit) and convertible(unit, term.unit)


def _numeric(value: object) -> object:
    plain = number(value)
    return values.plain(value) if plain is None else plain
