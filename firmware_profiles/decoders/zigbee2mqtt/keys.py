"""Keys of Zigbee2MQTT's state payloads: what each means, with and without the device's exposes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from firmware_profiles import values
from firmware_profiles.rules import (
    Rule,
    Rules,
    compiled,
    full,
    unknown,
    unless,
    well_known,
)
from firmware_profiles.units import convertible, number, spelled, to_canonical
from firmware_profiles.vocabulary import TERMS
from schemas.device import Reading
from schemas.profile import FieldRule

_PLACES = (
    "left right center top bottom top_left top_right center_left center_right bottom_left"
    " bottom_right left_top left_bottom right_top right_bottom default main cooler relay usb"
    " white rgb cct rgbw"
)
_NUMBERED = ("l", "ep", "s", "row_", "button_", "ch", "k")
ENDPOINTS = frozenset(_PLACES.split()) | {f"{name}{i}" for name in _NUMBERED for i in range(1, 21)}
_WITHIN = {("climate", "position"): "valve_position", ("fan", "speed"): "fan_speed"}
_SKIPPED = frozenset({"update", "color", "device", "last_seen", "transaction"})
_MODELS_MAX = 500
Specs = Mapping[str, FieldRule | str | None]


class Keys:
    """What the keys of this firmware mean; `specs` are those of its profile."""

    def __init__(self, specs: Specs) -> None:
        self._specs = specs
        self._models: dict[bytes, Rules] = {}
        self._special = {
            "voltage": Rule("voltage", "V", None, number, read_voltage("voltage")),
            "battery_voltage": Rule(
                "battery_voltage", "V", None, number, read_voltage("battery_voltage")
            ),
        }

    def guess(self, key: str) -> Rule:
        """The rule of a key without a device list."""
        rule = self._named(key)
        if rule is not None:
            return rule
        base, instance = self._split(key)
        if instance is not None and (rule := self._named(base, instance)) is not None:
            return rule
        return unknown(base, instance)

    def rules(self, exposes: Iterable[Mapping[str, Any]] = ()) -> Rules:
        """The rules of devices that these exposes describe: equal ones share them.

        What a thousand devices share stays in the processor's caches.
        """
        model = msgspec.json.encode(exposes)
        found = self._models.get(model)
        if found is None:
            if len(self._models) >= _MODELS_MAX:
                self._models.clear()
            found = self._models[model] = Rules(self.guess, dict(self._exposed(exposes, "")))
        return found

    def _named(self, key: str, instance: str | None = None) -> Rule | None:
        if key in self._specs:
            return compiled(self._specs[key], instance)
        if key in self._special and instance is None:
            return self._special[key]
        if key == "brightness":
            return compiled(FieldRule(property=key, scale=254), instance)
        if key == "fan_speed":  # in steps whose number only the exposes tell
            return unknown(key, instance)
        if key == "color_temp":
            return compiled(FieldRule(property=key, unit="mired"), instance)
        return well_known(key, instance)

    def _split(self, key: str) -> tuple[str, str | None]:
        parts = key.split("_")
        for size in (2, 1):
            instance = "_".join(parts[-size:])
            if len(parts) > size and instance in ENDPOINTS:
                return "_".join(parts[:-size]), instance
        return key, None

    def _exposed(
        self, exposes: Iterable[Mapping[str, Any]], parent: str
    ) -> Iterable[tuple[str, Rule]]:
        for expose in exposes:
            key, kind = expose.get("property"), str(expose.get("type", ""))
            if expose.get("features") and kind not in ("composite", "list"):
                yield from self._exposed(expose["features"], kind)
            elif isinstance(key, str) and kind in ("numeric", "binary") and key not in _SKIPPED:
                rule = self._typed(key, kind, expose, parent)
                if rule is not None:
                    yield key, rule

    def _typed(self, key: str, kind: str, expose: Mapping[str, Any], parent: str) -> Rule | None:
        endpoint = expose.get("endpoint")
        instance = str(endpoint) if endpoint is not None else None
        name = key
        if instance is not None:
            name = key.removesuffix("_" + instance)
        name = _WITHIN.get((parent, name), name)
        spec = full(self._specs[name]) if name in self._specs else None
        base = self._named(name, instance)
        if base is None:
            return None
        if kind == "binary":
            return replace(base, convert=_words(base, expose)) if base.special is None else base
        rule = _scaled(base, name, expose)
        return replace(rule, special=unless(rule, spec.unless)) if spec and spec.unless else rule


def _words(rule: Rule, expose: Mapping[str, Any]) -> values.Convert:
    """Words of a binary; `contact` is "on" when it is false, so booleans stay as they are."""
    on, off = expose.get("value_on"), expose.get("value_off")
    term = TERMS.get(rule.property)
    if not (isinstance(on, str) and isinstance(off, str)) or term is None:
        return rule.convert
    if term.kind == "boolean":
        return values.boolean(term.yes | {on.lower()}, term.no | {off.lower()})
    return rule.convert


def _scaled(rule: Rule, name: str, expose: Mapping[str, Any]) -> Rule:
    """The rule with the unit and range that the expose gives."""
    term, unit = TERMS.get(rule.property), spelled(expose.get("unit"))
    if term is None or term.kind != "number":
        return rule
    if name in ("brightness", "fan_speed"):
        full_scale = number(expose.get("value_max")) or (254 if name == "brightness" else 100)
        return replace(rule, unit="%", convert=values.percent(full_scale))
    if not unit or name == "color_temp" or unit == "lqi":
        return replace(rule, special=None) if name in ("voltage", "battery_voltage") else rule
    if convertible(unit, term.unit):
        return replace(rule, convert=to_canonical(unit, term.unit), special=None)
    return replace(rule, unit=unit, special=None)


def read_voltage(property: str) -> Callable[..., None]:
    """Voltage without exposes: batteries send millivolts, and no home has a thousand volts."""

    def read(value: Any, payload: Mapping[str, Any], add: Callable[[Reading], None]) -> None:
        volts = number(value)
        if volts is None:
            return
        if volts >= 1000:
            volts = round(volts / 1000, 6)
        add(Reading(property, volts, "V", None))

    return read
