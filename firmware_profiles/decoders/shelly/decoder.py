"""The decoder of Shelly: the rules of its profile, and what they cannot say."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import tzinfo

from firmware_profiles.contract import TopicReader
from firmware_profiles.declarative.decoder import Declared
from firmware_profiles.decoders.shelly import commands, shapes
from firmware_profiles.decoders.shelly.devices import Devices
from firmware_profiles.decoders.shelly.notices import Notices
from firmware_profiles.decoders.shelly.presses import Counted
from schemas.device import Command, Decoded, Publication
from schemas.profile import Profile

_GEN1 = re.compile(r"shellies/([^/]+)/([a-z0-9_]+)(?:/(\d+)(?:/(.+))?)?")
_GEN2 = re.compile(r"(.+)/status/([a-z0-9_]+)(?::(\d+))?")
_LAMPS = ("light", "color", "white")
_ONLINE = {"true": True, "false": False}


def make(profile: Profile, changed: Callable[[], None], zone: tzinfo | None) -> Shelly:
    """The decoder as its profile configures it."""
    return Shelly(profile, zone)


class Shelly:
    """Every Shelly of one broker; the topics tell the generation."""

    def __init__(self, profile: Profile, zone: tzinfo | None) -> None:
        self.firmware = profile.profile
        self._declared = Declared(profile, zone)
        self._devices = Devices()
        self._presses = Counted(self.firmware)
        self._notices = Notices(self.firmware, self._devices, self._component)
        self._commands = 0

    def topics(self) -> Sequence[str]:
        """The filters that the profile names."""
        return self._declared.topics()

    def knows(self, device: str) -> bool:
        """Whether a device has spoken."""
        return self._devices.known(device)

    def reader(self, topic: str) -> TopicReader | None:
        """A reader of one topic."""
        if topic.endswith("/online"):
            return self._online(topic.removesuffix("/online"))
        if topic.endswith("/rpc"):
            return self._notices.reader(topic)
        if (later := _GEN2.fullmatch(topic)) is not None:
            return self._component(later[1], later[2], later[3])
        if (early := _GEN1.fullmatch(topic)) is not None:
            return self._channel(topic, *early.groups())
        return self._declared.reader(topic)

    def encode(self, device: str, command: Command) -> list[Publication]:
        """The messages that carry out a command."""
        self._commands += 1
        return commands.encode(self._devices, device, command, self._commands)

    def rule(self, topic: str) -> str:
        """Which rule reads a topic."""
        declared = self._declared.rule(topic)
        return declared or ("presses, notices and availability" if self.reader(topic) else "")

    def _component(self, device: str, kind: str, instance: str | None) -> TopicReader | None:
        """A reader of one component's status, as a message of its own or part of a notice."""
        name = kind if instance is None else f"{kind}:{instance}"
        reader = self._declared.reader(f"{device}/status/{name}")
        if reader is not None:
            self._devices.hear(device, 2, kind, instance)
        return reader

    def _channel(
        self, topic: str, device: str, kind: str, instance: str | None, rest: str | None
    ) -> TopicReader | None:
        """A reader of a gen1 topic."""
        if instance and kind == "input_event":
            return self._presses.event(device, instance)
        if instance and kind == "longpush":
            return self._presses.longpush(device, instance)
        reader = self._declared.reader(topic)
        if reader is None:
            return None
        if rest is None or not rest.startswith(("command", "set")):
            self._devices.hear(device, 1, kind, instance)
        if kind == "info":
            return shapes.shaping(shapes.status, reader)
        return shapes.shaping(shapes.lamp, reader) if kind in _LAMPS and rest else reader

    def _online(self, prefix: str) -> TopicReader:
        """The last will; below `shellies/` both generations have it."""
        short = prefix.removeprefix("shellies/")

        def read(raw: bytes, payload: object, retain: bool) -> Decoded | None:
            told = _ONLINE.get(raw.decode("utf-8", "replace").strip().lower())
            if told is None:
                return None
            device = prefix if "/" in short or self._devices.later(prefix, short) else short
            key = f"{self.firmware}:{device}"
            return Decoded(
                firmware=self.firmware,
                device=device,
                channel="availability",
                key=key,
                available=told,
            )

        return read
