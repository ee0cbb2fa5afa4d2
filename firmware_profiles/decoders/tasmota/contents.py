"""What stands in a device's payloads: sensors, shutters, switches, codes and Zigbee devices."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from firmware_profiles import values
from firmware_profiles.decoders.tasmota import zigbee
from firmware_profiles.decoders.tasmota.keys import UNITS, Keys, switched
from firmware_profiles.decoders.tasmota.member import Member
from firmware_profiles.rules import Rule, Rules, read_object, spread
from firmware_profiles.units import number
from firmware_profiles.vocabulary import TERMS
from schemas.device import Entity, Reading

Add = Callable[[Reading], None]
_SHUTTER = re.compile(r"Shutter(\d+)")
_PARTS_MAX = 200
_TURNS = {1: "opening", -1: "closing"}
_META = frozenset({"Time", "Epoch", "Vcc", *UNITS})
WHOLE = ("ENERGY",)  # the device's own, not one of several sensors


class Contents:
    """Reads the payloads of one device; `events` and `gestures` are those of the profile."""

    def __init__(
        self,
        member: Member,
        keys: Keys,
        events: Mapping[str, list[str]],
        gestures: frozenset[str],
    ) -> None:
        self.member = member
        self._keys = keys
        self._events = events
        self._gestures = gestures
        self._version = -1
        self._refresh()

    def state(self, payload: Mapping[str, Any], readings: list[Reading]) -> None:
        """Everything the device says of itself."""
        if self._version != self.member.version:
            self._refresh()
        read_object(payload, self._state, readings)

    def result(self, payload: Mapping[str, Any], readings: list[Reading]) -> bool:
        """What an answer says of states; settings say nothing. True: something happened."""
        if self._version != self.member.version:
            self._refresh()
        read_object(payload, self._answers, readings)
        happened = False
        for key, value in payload.items():
            if key in self._events or (value.__class__ is dict and self._speaks(key, value)):
                happened |= self._part(key, value, readings)
        return happened

    def sensors(self, payload: Mapping[str, Any], readings: list[Reading]) -> bool:
        """Every sensor's values. True: something happened, and nothing was measured."""
        self._told_units(payload)
        if self._version != self.member.version:
            self._refresh()
        happened = False
        for key, value in payload.items():
            if value.__class__ is dict or key in self._events:
                happened |= self._part(key, value, readings)
            elif key not in _META and value is not None:
                self.single(key, value, readings.append, inputs=True)
        return happened and all(each.property in ("action", "linkquality") for each in readings)

    def entities(self, payload: Mapping[str, Any]) -> Iterator[Entity]:
        """What a sample of the sensors' payload shows that there is, without values too."""
        self._told_units(payload)
        self._refresh()
        for key, value in payload.items():
            if value.__class__ is dict and key not in self._events:
                for name, inner in value.items():
                    yield from self._entity(key, name, inner)
            elif value in ("ON", "OFF"):
                yield Entity("input", key, "binary_sensor")

    def _entity(self, sensor: str, key: str, value: Any) -> Iterator[Entity]:
        rules = self._rules(sensor)
        rule = rules[key]
        if value.__class__ is dict:
            for name in value:
                inner = rules[name]
                found = replace(inner, instance=key) if inner.property in TERMS else rule
                yield from _announced(found if found is not rule else replace(rule, instance=name))
        elif value.__class__ is list:
            for index in range(len(value)):
                yield from _announced(replace(rule, instance=_of(rule, str(index + 1))))
        else:
            yield from _announced(rule)

    def _refresh(self) -> None:
        member, keys = self.member, self._keys
        self._state = keys.state(member.words, strict=False)
        self._answers = keys.state(member.words, strict=True)
        self._switched = switched(member.words)
        self._known: dict[str, Rules] = {}
        self._devices: dict[str, Rules] = {}
        self._version = member.version

    def _told_units(self, payload: Mapping[str, Any]) -> None:
        units = self.member.units
        for name in UNITS:
            unit = payload.get(name)
            if unit is not None and unit != units.get(name) and isinstance(unit, str):
                units[name] = unit
                self.member.version += 1

    def _rules(self, sensor: str, kind: str = "") -> Rules:
        """The rules of a sensor's object; `kind` where its name does not say what it is."""
        rules = self._known.get(sensor)
        if rules is None:
            instance = None if sensor in ("", *WHOLE) else sensor
            rules = self._keys.sensor(kind or sensor, instance, self.member.units)
            if len(self._known) < _PARTS_MAX:
                self._known[sensor] = rules
        return rules

    def _speaks(self, key: str, value: Mapping[str, Any]) -> bool:
        """Whether an answer's object is a state rather than a setting."""
        named = key in ("ZbReceived", *WHOLE) or _SHUTTER.fullmatch(key) is not None
        return named or "Action" in value

    def _part(self, key: str, value: Any, readings: list[Reading]) -> bool:
        """One object of a payload. True: it is something that happened."""
        add = readings.append
        if key in self._events:
            return self._event(key, value, readings)
        if key in ("ZbReceived", "ZbInfo"):
            return self.zigbee(value, readings)
        if key == "LwReceived":
            for name, inner in value.items():
                if inner.__class__ is dict:
                    self._sensor(name, inner, readings, "Lw")
            return False
        if "Action" in value:
            return self._pressed(key, value["Action"], add)
        if key in self._gestures and (moved := _gesture(value)):
            if moved != "none":
                add(Reading("action", moved, None, key))
            return True
        if shutter := _SHUTTER.fullmatch(key):
            self.shutter(shutter[1], value, add)
        else:
            self._sensor(key, value, readings)
        return False

    def _sensor(
        self, sensor: str, payload: Mapping[str, Any], readings: list[Reading], kind: str = ""
    ) -> None:
        add, rules = readings.append, self._rules(sensor, kind)
        for key, value in payload.items():
            if value is None:
                continue
            rule = rules[key]
            shape = value.__class__
            if shape is dict:
                self._nested(sensor, key, value, add)
            elif shape is list and rule.property in TERMS:
                for index, each in enumerate(value):
                    plain = rule.convert(each)
                    if plain is not None:
                        add(Reading(rule.property, plain, rule.unit, _of(rule, str(index + 1))))
            elif rule.special is not None:
                rule.special(value, payload, add)
            else:
                plain = rule.convert(value)
                if plain is not None:
                    add(Reading(rule.property, plain, rule.unit, rule.instance))

    def _nested(self, sensor: str, key: str, value: Mapping[str, Any], add: Add) -> None:
        """An object within a sensor: another sensor (`CTEnergy1`), phases, or paths."""
        rules, units = self._rules(sensor), self.member.units
        phases = rules[key] if rules[key].property in TERMS else None
        for name, inner in value.items():
            if self._keys.known(sensor, f"{key}.{name}", None, units):
                rule = rules[f"{key}.{name}"]
            elif phases is not None and not self._keys.known(sensor, name, None, units):
                rule = replace(phases, instance=name)
            elif self._keys.known(sensor, name, None, units):
                rule = replace(rules[name], instance=key)
            else:
                spread(key, {name: inner}, rules[key].instance, add, ())
                continue
            plain = rule.convert(inner)
            if plain is not None:
                add(Reading(rule.property, plain, rule.unit, rule.instance))

    def single(self, key: str, value: Any, add: Add, *, inputs: bool = False) -> None:
        """A value without an object; among the sensors ON and OFF are inputs, by any name."""
        state = self._switched(value) if inputs and isinstance(value, str) else None
        if state is not None:
            add(Reading("input", state, None, key))
            return
        rule = self._rules("")[key]
        plain = rule.convert(value)
        if plain is not None:
            add(Reading(rule.property, plain, rule.unit, None))

    def _pressed(self, key: str, action: Any, add: Add) -> bool:
        """A button or switch; a switch that says ON or OFF shows how it stands as well."""
        word = values.text(action)
        if word is None:
            return False
        state = self._switched(word)
        if state is not None and not key.startswith("Button"):
            add(Reading("input", state, None, key))
        add(Reading("action", word.lower(), None, key))
        return True

    def _event(self, key: str, value: Any, readings: list[Reading]) -> bool:
        """A code; an object that has none is a sensor that speaks over a serial line."""
        code = value
        if isinstance(value, dict):
            found = (value[path] for path in self._events[key] if value.get(path) is not None)
            code = next(found, None)
            if not self._events[key]:
                self._sensor(key, value, readings)
                return False
        word = values.text(code)
        if word is not None:
            word = word.lower() if key == "Gesture" else word
            readings.append(Reading("action", word, None, key))
        return True

    def shutter(self, number_: str, value: Mapping[str, Any], add: Add) -> None:
        """Position, tilt and movement, all with open as 100 even if the firmware is inverted."""
        inverted = number_ in self.member.inverted
        position, turn = number(value.get("Position")), number(value.get("Direction"))
        if position is not None:
            position = 100 - position if inverted else position
            add(Reading("position", position, "%", number_))
        if turn is not None:
            moving = _TURNS.get(-int(turn) if inverted else int(turn))
            rest = "closed" if position == 0 else "open"
            if moving or position is not None:
                add(Reading("state", moving or rest, None, number_))
        low, high = self.member.tilts.get(number_, (0.0, 0.0))
        tilt = number(value.get("Tilt"))
        if tilt is not None and high != low:
            add(Reading("tilt", round((tilt - low) * 100 / (high - low), 1), "%", number_))

    def zigbee(self, payload: Any, readings: list[Reading], id: str = "") -> bool:
        """Zigbee devices by address or name (`id` where the topic has it). True: a command."""
        if not isinstance(payload, dict):
            return False
        nested = any(value.__class__ is dict for value in payload.values())
        happened = False
        for name, values_ in payload.items() if nested or not id else ((id, payload),):
            if values_.__class__ is not dict:
                continue
            rules = self._devices.get(name)
            if rules is None:
                rules = self._keys.zigbee(name, self.member.units)
                if len(self._devices) < _PARTS_MAX:
                    self._devices[name] = rules
                    self.member.zigbee.add(name)
            happened |= zigbee.read(name, values_, rules, readings)
        return happened


def _announced(rule: Rule) -> Iterator[Entity]:
    if rule.property in TERMS:
        yield Entity(rule.property, rule.instance, "sensor", rule.unit)


def _of(rule: Rule, index: str) -> str:
    return index if rule.instance is None else f"{rule.instance}-{index}"


def _gesture(value: Mapping[str, Any]) -> str:
    """The word of a gesture (`{"Right": 1}`); empty: something was measured."""
    words = [key for key, number_ in value.items() if number_.__class__ is int]
    moved = len(value) == 1 and words and TERMS.get(words[0].lower()) is None
    return words[0].lower() if moved and words[0] not in ("Ambient", "Proximity") else ""
