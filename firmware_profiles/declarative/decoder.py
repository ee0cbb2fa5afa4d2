"""The decoder of a profile without code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo

from firmware_profiles.contract import TopicReader, first
from firmware_profiles.declarative import commands
from firmware_profiles.declarative.messages import Message
from firmware_profiles.templates import Template
from schemas.device import Command, Publication
from schemas.profile import Profile

_HEARD_MAX = 10_000
_COMPILED_MAX = 256


def make(profile: Profile, changed: Callable[[], None], zone: tzinfo | None) -> Declared:
    """The decoder of a profile."""
    return Declared(profile, zone)


_compiled: dict[tuple[int, str], tuple[Profile, Sequence[Message]]] = {}


def _messages(profile: Profile, zone: tzinfo | None) -> Sequence[Message]:
    """The message rules of a profile, compiled once: they know nothing of a home."""
    key = (id(profile), str(zone))
    if key not in _compiled:
        if len(_compiled) >= _COMPILED_MAX:
            _compiled.clear()
        _compiled[key] = profile, [Message(rule, profile, zone) for rule in profile.messages]
    return _compiled[key][1]


class Declared:
    """Decodes by the message rules of a profile, encodes by its command rules."""

    def __init__(self, profile: Profile, zone: tzinfo | None) -> None:
        self.firmware = profile.profile
        self._profile = profile
        self._messages = _messages(profile, zone)
        self._heard: dict[str, Mapping[str, str]] = {}

    def topics(self) -> Sequence[str]:
        """The filters of its messages, or those it names itself."""
        return self._profile.subscribe or [each.pattern.filter() for each in self._messages]

    def reader(self, topic: str) -> TopicReader | None:
        """The readers of the message rules that match; the first with an answer counts."""
        return first([each.reader(topic, self._hear) for each in self._messages])

    def knows(self, device: str) -> bool:
        """Whether it has heard of a device, or is the profile of this one."""
        return device in self._heard or device in self._constants()

    def encode(self, device: str, command: Command) -> list[Publication]:
        """The messages that carry out a command."""
        parts = {**self._heard.get(device, {}), "device": device}
        return commands.encode(self._profile.commands, command, parts)

    def rule(self, topic: str) -> str:
        """Which message rule reads a topic."""
        for index, message in enumerate(self._messages):
            if message.pattern.match(topic) is not None:
                return f"messages[{index}] {message.rule.topic}"
        return ""

    def _constants(self) -> set[str]:
        sources = [self._profile.device, *(each.rule.device for each in self._messages)]
        return {source for source in sources if source and not Template(source).holes}

    def _hear(self, device: str, parts: Mapping[str, str]) -> None:
        if device in self._heard or len(self._heard) < _HEARD_MAX:
            self._heard[device] = parts
