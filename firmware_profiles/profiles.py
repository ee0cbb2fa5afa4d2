"""All profiles of a home: which one a topic belongs to, remembered per topic."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from datetime import tzinfo
from functools import lru_cache
from itertools import takewhile
from typing import Any, cast

from firmware_profiles.contract import (
    Decoder,
    Native,
    Secondhand,
    TopicReader,
    Unsupported,
    first,
)
from schemas.device import Command, Decoded, Publication
from schemas.profile import Profile

_TOPICS_MAX = 20_000
_UNKNOWN_MAX = 1_000
OTHERS = "(others)"
_AGENTS = "hearth/"  # what agents say of themselves looks like some firmware's status


def _unread(raw: bytes, payload: Any, retain: bool) -> None:
    """The reader of topics that belong to no firmware."""


class Profiles:
    """The decoders in the order given (the user's own first), and the reader of every topic.

    The first that reads a topic has it. A `Secondhand` decoder (discovery) goes before the shipped
    ones for topics that it names and that nobody's own announcement claims.

    `decode` costs one look-up for a topic it has seen. Messages of no firmware are counted by
    topic in `unknown`, beyond a thousand topics together under `OTHERS`. `version` grows when the
    subscriptions (`topics`) may have changed.
    """

    def __init__(self, profiles: Iterable[Profile], zone: tzinfo | None = None) -> None:
        self.version = 0
        self.unknown: dict[str, int] = {}
        self._readers: dict[str, TopicReader] = {}
        self._taken: dict[str, tuple[str, frozenset[tuple[str, str | None]]]] = {}
        self._zone = zone
        self._profiles: list[Profile] = []
        self.decoders: list[Decoder] = []
        self._serve([(profile, self._made(profile)) for profile in profiles])

    def change(self, profiles: Iterable[Profile]) -> list[str]:
        """Take other profiles; those that are the same keep what they have learnt.

        Decoders in Python go on as they are, since they know devices by what they have heard;
        returns the names of those whose profile has changed.
        """
        made = list(zip(self._profiles, self.decoders, strict=True))
        learnt = {profile.profile: (profile, each) for profile, each in made if profile.decoder}
        serving, late = [], []
        for profile in profiles:
            pair = next((pair for pair in made if pair[0] == profile), None)
            if pair is None and profile.decoder:
                pair = learnt.get(profile.profile)
                late.append(profile.profile)
            serving.append(pair or (profile, self._made(profile)))
        self._serve(serving)
        self._changed()
        return late

    def _serve(self, serving: list[tuple[Profile, Decoder]]) -> None:
        self._profiles = [profile for profile, _ in serving]
        self.decoders = [decoder for _, decoder in serving]
        self._declared = [decoder for profile, decoder in serving if not profile.decoder]
        self._natives = [cast(Native, it) for it in self.decoders if _is_native(type(it))]
        self._secondhand = [
            cast(Secondhand, it) for it in self.decoders if _is_secondhand(type(it))
        ]
        for decoder in self._secondhand:
            decoder.defer(self._claimed)

    def decode(self, topic: str, raw: bytes, payload: Any, retain: bool) -> Decoded | None:
        """What a message says; None when it belongs to no firmware.

        `payload` is what `payloads.parse` made of `raw`.
        """
        reader = self._readers.get(topic)
        if reader is None:
            said = self._find(topic)(raw, payload, retain)
            if said is not None:
                self.unknown.pop(topic, None)
                self._compare(topic, payload, said)
        else:
            said = reader(raw, payload, retain)
        if said is None:
            self._count(topic)
        return said

    def encode(self, firmware: str, device: str, command: Command) -> list[Publication]:
        """The messages that carry out a command on a firmware's device.

        Raises:
            Unsupported: no profile of this firmware, or none that can do this.
        """
        problem = Unsupported(f"there is no profile for the firmware `{firmware}`")
        for decoder in self._speaking(firmware, device):
            try:
                return decoder.encode(device, command)
            except Unsupported as unsupported:
                problem = unsupported
        raise problem

    def topics(self) -> list[str]:
        """The topic filters to subscribe to, as known by now."""
        return list(dict.fromkeys(topic for each in self.decoders for topic in each.topics()))

    def _speaking(self, firmware: str, device: str) -> list[Decoder]:
        mine = [each for each in self.decoders if each.firmware == firmware]
        if firmware == "generic-json":  # whatever was declared without code
            mine += [each for each in self._declared if each not in mine]
        return sorted(mine, key=lambda each: not each.knows(device))

    def rule(self, topic: str) -> str:
        """Which rule of which firmware reads a topic, for a person; empty: none."""
        told = ((each.firmware, each.rule(topic)) for each in self._ordered(topic))
        return next((f"{firmware}: {rule}" for firmware, rule in told if rule), "")

    def _find(self, topic: str) -> TopicReader:
        reader = first([each.reader(topic) for each in self._ordered(topic)]) or _unread
        if len(self._readers) >= _TOPICS_MAX:
            self._readers.clear()
        self._readers[topic] = reader
        return reader

    def _ordered(self, topic: str) -> list[Decoder]:
        """Whom to ask: the user's own, whoever names the topic at second hand, the others."""
        if topic.startswith(_AGENTS):
            return self._declared
        named = {id(each) for each in self._secondhand if each.names(topic)}
        if not named:
            return self.decoders
        own = {id(each) for each in takewhile(lambda it: it in self._declared, self.decoders)}
        return sorted(self.decoders, key=lambda it: (id(it) not in own, id(it) not in named))

    def _compare(self, topic: str, payload: Any, said: Decoded) -> None:
        """Remember what a topic is taken for, and say so when it is taken for something else."""
        if said.channel not in ("state", "telemetry", "availability") or not said.key:
            return
        slots = frozenset((each.property, each.instance) for each in said.readings)
        before = self._taken.get(topic)
        if before is not None and before[0] == said.key:
            gone = before[1] - slots if slots and not isinstance(payload, dict | list) else None
            said.former = (said.key, gone) if gone else None
        elif before is not None and not before[0].startswith(f"{said.firmware}:"):
            said.former = before  # of one firmware a topic may tell of several devices
        if before is not None or len(self._taken) < _TOPICS_MAX:
            self._taken[topic] = (said.key, slots)

    def _claimed(self, topic: str) -> bool:
        return any(each.claims(topic) for each in self._natives)

    def _count(self, topic: str) -> None:
        if topic not in self.unknown and len(self.unknown) >= _UNKNOWN_MAX:
            topic = OTHERS
        self.unknown[topic] = self.unknown.get(topic, 0) + 1

    def _made(self, profile: Profile) -> Decoder:
        name = f"decoders.{profile.decoder}" if profile.decoder else "declarative"
        module = importlib.import_module(f"firmware_profiles.{name}")
        decoder: Decoder = module.make(profile, self._changed, self._zone)
        return decoder

    def _changed(self) -> None:
        self._readers.clear()
        self.version += 1


@lru_cache(maxsize=256)
def _is_native(decoder: type[Decoder]) -> bool:
    return issubclass(decoder, Native)  # looks at every attribute: 20 µs


@lru_cache(maxsize=256)
def _is_secondhand(decoder: type[Decoder]) -> bool:
    return issubclass(decoder, Secondhand)
