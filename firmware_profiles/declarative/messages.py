"""Message rules compiled: one reader for each topic that a rule matches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import tzinfo
from typing import Any

from msgspec.structs import replace

from firmware_profiles.availability import Availability
from firmware_profiles.contract import TopicReader
from firmware_profiles.declarative.patterns import pattern
from firmware_profiles.paths import find, walk
from firmware_profiles.rules import (
    IGNORE,
    Rule,
    Rules,
    compiled,
    full,
    read_object,
    unknown,
    well_known,
)
from firmware_profiles.templates import Template, template
from firmware_profiles.times import epoch
from firmware_profiles.vocabulary import known
from schemas.device import Announcement, Decoded, Reading
from schemas.profile import AvailableRule, FieldRule, MessageRule, Profile, TimeRule

Heard = Callable[[str, Mapping[str, str]], None]
_SILENT = ("command", "log")


class Message:
    """One message rule of a profile."""

    def __init__(self, rule: MessageRule, profile: Profile, zone: tzinfo | None) -> None:
        self.rule = rule
        self.pattern = pattern(rule.topic)
        self._firmware = profile.profile
        self._zone = zone
        self._device = template(rule.device or profile.device or "{device}")
        self._fields = {**profile.fields, **rule.fields}
        self._time = _time(rule.time)
        available = rule.available
        if available is None and rule.channel == "availability":
            available = AvailableRule(path="state")
        self._available = Availability(available) if available else None
        self._cascade = available is not None and available.cascade

    def reader(self, topic: str, heard: Heard) -> TopicReader | None:
        """A reader of one topic's messages, None when the rule is for others; `heard` is told each
        device and its topic's parts."""
        parts = self.pattern.match(topic)
        if parts is None:
            return None
        device, read = self._device.bound(parts), self._values(topic, parts)
        channel = self.rule.channel
        told: set[str] = set()

        when = self.rule.when

        def message(raw: bytes, payload: Any, retain: bool) -> Decoded | None:
            if when and not _holds(when, payload):
                return None
            id = device.fill(payload)
            if id is None:
                return None
            if id not in told:
                told.add(id)
                heard(id, parts)
            said = Decoded(
                firmware=self._firmware, device=id, channel=channel, key=f"{self._firmware}:{id}"
            )
            if channel not in _SILENT:
                read(said, raw, payload)
            return said

        return message

    def _values(
        self, topic: str, parts: Mapping[str, str]
    ) -> Callable[[Decoded, bytes, Any], None]:
        """What reads one topic's payloads into an answer."""
        rule, available = self.rule, self._available
        single = self._single(parts) if rule.property else None
        keys = None if single else Keys(self, topic, parts)

        def read(said: Decoded, raw: bytes, payload: Any) -> None:
            if available is not None:
                said.available = available.read(payload)
                said.cascade = self._cascade
                if rule.channel == "availability":
                    return
            if not raw and rule.channel == "discovery":
                said.removed = True
                return
            if self._broken(payload):
                said.parse_error = True
                return
            if rule.payload == "text":
                payload = raw.decode("utf-8", "replace")
            root = find(payload, rule.root)
            if single is not None:
                single(said, root)
            elif keys is not None:
                keys.read(said, root, payload)
            if self._time is not None:
                said.ts = epoch(find(payload, self._time.path), self._time.unit, self._zone)
            if rule.details:
                self._detail(said, payload)

        return read

    def _broken(self, payload: Any) -> bool:
        if self.rule.payload == "json":
            return not isinstance(payload, dict | list | int | float) and payload is not None
        opened = isinstance(payload, str) and payload.lstrip()[:1] in ("{", "[")
        return self.rule.payload == "auto" and (opened or isinstance(payload, bytes))

    def _single(self, parts: Mapping[str, str]) -> Callable[[Decoded, Any], None]:
        """What reads a payload that is one value; its topic says what it is."""
        name = Template(self.rule.property).bound(parts)
        instance = Template(self.rule.instance).bound(parts)

        def read(said: Decoded, root: Any) -> None:
            key = name.fill(root)
            value = find(root, self.rule.value)
            if key is None or value is None:
                return
            rule = self.keyed(key)
            if rule is None:
                return
            own = instance.fill(root) or None
            rules = Rules(lambda _: replace(rule, instance=rule.instance or own))
            read_object({key: value}, rules, said.readings)

        return read

    def keyed(self, key: str) -> Rule | None:
        """The rule of a key: the profile's, else the shared vocabulary's, else its own name."""
        if key in self._fields:
            return compiled(self._fields[key])
        if " " in key:
            return compiled(key)
        rule = well_known(key)
        if rule is None and self.rule.other == "keep":
            rule = unknown(key)
        return None if rule is None or self.rule.other == "ignore" else rule

    def _detail(self, said: Decoded, payload: Any) -> None:
        found = {name: find(payload, path) for name, path in self.rule.details.items()}
        said.details = {name: value for name, value in found.items() if value is not None}
        if said.channel == "discovery" and said.details:
            name, maker, model = (str(said.details.get(each, "")) for each in _ANNOUNCED)
            said.devices = [
                Announcement(said.device, said.key, name, manufacturer=maker, model=model)
            ]

    @property
    def fields(self) -> Mapping[str, FieldRule | str | None]:
        """The profile's and the message's own fields."""
        return self._fields

    def used(self) -> Iterable[str]:
        """The paths that say whose message it is or when it was: no readings by themselves."""
        yield from self._device.holes
        yield from self.rule.when
        yield from Template(self.rule.instance).holes
        if self._time is not None:
            yield self._time.path
        for each in self._fields.values():
            rule = full(each)
            if rule is not None:
                yield from (*Template(rule.instance).holes, *Template(rule.unit).holes)


_ANNOUNCED = ("name", "manufacturer", "model")


class Keys:
    """Reads the keys of an object as the fields say."""

    def __init__(self, message: Message, topic: str, parts: Mapping[str, str]) -> None:
        self._message = message
        self._parts = parts
        last = topic.rpartition("/")[2]
        self._scalar = last if known(last) else "value"
        self._own = Template(message.rule.instance).bound(parts)
        self._paths = {
            path: rule for path, rule in message.fields.items() if "." in path or "*" in path
        }
        used = dict.fromkeys(message.used(), IGNORE)
        plain = {
            key: self._rule(rule) for key, rule in message.fields.items() if key not in self._paths
        }
        self._rules = Rules(self._guess, used | plain)
        self._nested = [
            (path.partition(".")[0], path, self._rule(rule)) for path, rule in self._paths.items()
        ]
        self._skipped = frozenset([*self._paths, *used])

    def read(self, said: Decoded, root: Any, payload: Any) -> None:
        """Read one object, or one value named by the topic (`value` where that says nothing)."""
        readings = said.readings = []
        if root.__class__ is not dict:
            if root is None or root == "":
                return
            root = {self._scalar: root} if root.__class__ is not list else dict(enumerate(root))
            root = {str(key): value for key, value in root.items()}
        read_object(root, self._rules, readings, self._skipped)
        for head, path, rule in self._nested:
            if head not in root and head != "*" and path not in root:
                continue
            for names, value in walk(root, path):
                found = replace(rule, instance=rule.instance or "_".join(names) or None)
                read_object({path: value}, {path: found}, readings)
        own = self._own.fill(payload)
        if own:
            said.readings = [
                each if each.instance else Reading(each.property, each.value, each.unit, own)
                for each in readings
            ]

    def _rule(self, spec: FieldRule | str | None) -> Rule:
        rule = compiled(spec)
        template = Template(rule.instance or "").bound(self._parts)
        if not template.holes:
            return compiled(spec, template.source or None)

        def read(value: Any, payload: Mapping[str, Any], add: Callable[[Reading], None]) -> None:
            plain = rule.convert(value)
            if plain is not None:
                add(Reading(rule.property, plain, rule.unit, template.fill(payload)))

        return replace(rule, special=read)

    def _guess(self, key: str) -> Rule:
        return self._message.keyed(key) or IGNORE


def _holds(when: Mapping[str, Any], payload: Any) -> bool:
    for path, wanted in when.items():
        value = find(payload, path)
        if value is None or (wanted != "*" and value != wanted):
            return False
    return True


def _time(rule: TimeRule | str | None) -> TimeRule | None:
    if not isinstance(rule, str):
        return rule
    path, _, unit = rule.strip().partition(" ")
    return TimeRule(path=path, unit=unit.strip() or "auto")  # type: ignore[arg-type]
