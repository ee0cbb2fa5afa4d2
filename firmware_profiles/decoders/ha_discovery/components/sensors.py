"""Sensors and plain settings: sensor, binary_sensor, number, select, text, update, tracker."""

from typing import Any

from firmware_profiles import values
from firmware_profiles.decoders.ha_discovery.parts import Limits, Thing, brief
from firmware_profiles.decoders.ha_discovery.sensing import binary, instance, matching, measure
from firmware_profiles.decoders.ha_discovery.template import at
from firmware_profiles.units import from_canonical
from firmware_profiles.vocabulary import known


def told_apart(thing: Thing, property: str) -> str | None:
    """The instance of a value; a key that the vocabulary knows says no more than its property."""
    key = thing.key("value_template")
    return instance(thing.config, property, key if known(key) else "")


def sensor(thing: Thing) -> None:
    """One measured value."""
    thing.channel = "telemetry"
    found = measure(thing.config, thing.key("value_template"))
    thing.instance = told_apart(thing, found.property)
    thing.read(
        found.property, "state_topic", found.convert, thing.value("value_template"), unit=found.unit
    )


def binary_sensor(thing: Thing) -> None:
    """Something that is or is not so."""
    found = binary(thing.config, thing.key("value_template"))
    thing.instance = told_apart(thing, found.property)
    thing.read(found.property, "state_topic", found.convert, thing.value("value_template"))


def number(thing: Thing) -> None:
    """A number that can be set, in the entity's unit."""
    config = thing.config
    found = measure(config, thing.key("value_template"))
    thing.instance = told_apart(thing, found.property)
    thing.read(
        found.property, "state_topic", found.convert, thing.value("value_template"), unit=found.unit
    )
    unit = config.text("unit_of_measurement") if found.unit else ""
    back = from_canonical(unit, found.unit) if found.unit else brief
    thing.set(found.property, "command_topic", lambda value: brief(back(value)), "command_template")
    thing.limits[found.property] = Limits((), config.number("min", 1), config.number("max", 100))


def select(thing: Thing) -> None:
    """One of several words."""
    _words(thing, "options")


def text(thing: Thing) -> None:
    """A text that can be set."""
    _words(thing, "")


def _words(thing: Thing, listed: str) -> None:
    found = measure(thing.config, thing.key("value_template"))
    thing.instance = told_apart(thing, found.property)
    thing.read(found.property, "state_topic", values.text, thing.value("value_template"))
    thing.set(found.property, "command_topic", values.text, "command_template")
    options = thing.config.options.get(listed)
    if isinstance(options, list):
        thing.limits[found.property] = Limits(tuple(map(str, options)))


def update(thing: Thing) -> None:
    """A firmware's versions: installed as text or in an object, the latest beside it."""
    installed = thing.value("value_template")
    inner = at("installed_version")

    def version(raw: bytes, payload: Any) -> Any:
        found = installed(raw, payload)
        whole = payload.__class__ is dict and "value_template" not in thing.config.options
        return inner(raw, payload) if whole else found

    thing.read("installed_version", "state_topic", values.text, version)
    if thing.config.text("latest_version_topic"):
        latest = thing.value("latest_version_template")
        thing.read("latest_version", "latest_version_topic", values.text, latest)
    else:
        thing.read("latest_version", "state_topic", values.text, at("latest_version"))
    thing.verb("install", thing.config.text("payload_install"))


def device_tracker(thing: Thing) -> None:
    """Somebody who is at home or not."""
    config = thing.config
    home, away = config.text("payload_home", "home"), config.text("payload_not_home", "not_home")
    thing.read("occupancy", "state_topic", matching(home, away), thing.value("value_template"))
