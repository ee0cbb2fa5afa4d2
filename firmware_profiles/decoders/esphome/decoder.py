"""The decoder of ESPHome: the rules of its profile, and what they cannot say."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Any

from firmware_profiles.contract import TopicReader
from firmware_profiles.declarative.decoder import Declared
from firmware_profiles.decoders.esphome import commands, objects
from firmware_profiles.decoders.esphome.nodes import Nodes
from firmware_profiles.decoders.esphome.places import VALUES, WORDED, Place, own, place
from schemas.device import Command, Decoded, Publication, Reading
from schemas.profile import Profile

_LOG = re.compile(rb"\s*(?:\x1b\[[0-9;]*m)?\[(?:[EWICDV]|VV)\]\[")
_STATUS = {b"online": True, b"offline": False}
_HEARD_MAX = 10_000


def make(profile: Profile, changed: Callable[[], None], zone: tzinfo | None) -> Esphome:
    """The decoder as its profile configures it."""
    return Esphome(profile, changed, zone)


class Esphome:
    """Every ESPHome node of one broker."""

    def __init__(self, profile: Profile, changed: Callable[[], None], zone: tzinfo | None) -> None:
        self.firmware = profile.profile
        self._fields = profile.fields
        self._changed = changed
        self._declared = Declared(profile, zone)
        self._heard: dict[str, dict[tuple[str, str], None]] = {}
        self._nodes = Nodes(self.firmware, zone)

    def topics(self) -> Sequence[str]:
        """The filters that the profile names."""
        return self._declared.topics()

    def knows(self, device: str) -> bool:
        """Whether a node has spoken."""
        return device in self._heard

    def claims(self, topic: str) -> bool:
        """Whether a topic is of a node that has announced itself to Home Assistant."""
        found = place(topic)
        return (found.device if found else topic.rpartition("/")[0]) in self._nodes.names

    def reader(self, topic: str) -> TopicReader | None:
        """A reader of one topic."""
        if topic.endswith("/config"):
            return self._config(topic)
        if (found := place(topic)) is not None:
            return self._component(topic, found)
        if topic.startswith("esphome/discover/"):
            return self._declared.reader(topic)
        device, _, last = topic.rpartition("/")
        if not device or last not in ("status", "debug") or not own(topic):
            return None
        return self._status(device) if last == "status" else self._debug(device)

    def encode(self, device: str, command: Command) -> list[Publication]:
        """The messages that carry out a command."""
        return commands.encode(self._heard.get(device, {}), device, command)

    def rule(self, topic: str) -> str:
        """Which rule reads a topic."""
        found = place(topic)
        if found is not None:
            how = "its discovery" if topic in self._nodes.options else "its name"
            named = f"{found.component} `{found.object}` by {how}"
            return named if found.component in VALUES else self._declared.rule(topic) or named
        return "node" if self.reader(topic) and not topic.endswith("/config") else ""

    def _component(self, topic: str, found: Place) -> TopicReader | None:
        if found.kind == "command":
            said = self._said(found.device, "command")
            return lambda raw, payload, retain: said
        if found.device in self._heard or len(self._heard) < _HEARD_MAX:
            self._heard.setdefault(found.device, {})[found.component, found.object] = None
        if found.component not in VALUES:
            return self._declared.reader(topic)
        return self._value(topic, found)

    def _value(self, topic: str, found: Place) -> TopicReader:
        """A reader of a sensor, or another component that is one value."""
        told = self._nodes.options.get(topic)
        rule = objects.rule(found.component, found.object, found.device, self._fields, told)
        property, unit, instance, convert = rule.property, rule.unit, rule.instance, rule.convert
        channel = "telemetry" if found.component == "sensor" else "state"
        firmware, device, key = self.firmware, found.device, f"{self.firmware}:{found.device}"
        worded = found.component in WORDED

        def read(raw: bytes, payload: Any, retain: bool) -> Decoded:
            # `2024.10` is a version, not a number
            value = convert(raw.decode("utf-8", "replace") if worded else payload)
            readings = [] if value is None else [Reading(property, value, unit, instance)]
            return Decoded(
                firmware=firmware, device=device, channel=channel, key=key, readings=readings
            )

        return read

    def _status(self, device: str) -> TopicReader:
        def read(raw: bytes, payload: Any, retain: bool) -> Decoded | None:
            told = _STATUS.get(raw.strip().lower())
            if told is None:
                return None
            said = self._said(device, "availability")
            said.available = told
            return said

        return read

    def _debug(self, device: str) -> TopicReader:
        def read(raw: bytes, payload: Any, retain: bool) -> Decoded | None:
            return self._said(device, "log") if _LOG.match(raw) else None

        return read

    def _config(self, topic: str) -> TopicReader:
        def read(raw: bytes, payload: Any, retain: bool) -> Decoded | None:
            told = self._nodes.told(topic, raw, payload, self._fields)
            if told is None:
                return None
            if told.news:
                self._changed()
            said = self._said(told.announcement.device, "discovery")
            said.entities, said.devices = told.entities, [told.announcement]
            said.details = told.details
            return said

        return read

    def _said(self, device: str, channel: str) -> Decoded:
        key = f"{self.firmware}:{device}"
        return Decoded(firmware=self.firmware, device=device, channel=channel, key=key)
