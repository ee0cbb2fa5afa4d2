"""The decoder of Zigbee2MQTT: from a topic to the reader of its messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Any

from firmware_profiles.availability import Availability
from firmware_profiles.contract import TopicReader, Unsupported
from firmware_profiles.decoders.zigbee2mqtt import bridge, commands
from firmware_profiles.decoders.zigbee2mqtt.keys import Keys
from firmware_profiles.decoders.zigbee2mqtt.network import Member, Network
from firmware_profiles.rules import read_object
from firmware_profiles.times import epoch
from schemas.device import Command, Decoded, Publication, Reading
from schemas.profile import AvailableRule, Profile

_BRIDGES = ("bridge/info", "bridge/devices", "bridge/state", "bridge/groups")


def make(profile: Profile, changed: Callable[[], None], zone: tzinfo | None) -> Zigbee2Mqtt:
    """The decoder as its profile configures it (`options: {base_topics: […]}`)."""
    return Zigbee2Mqtt(profile, changed)


class Zigbee2Mqtt:
    """Every Zigbee2MQTT network of one broker; other base topics are found by bridge/info."""

    def __init__(self, profile: Profile, changed: Callable[[], None]) -> None:
        self.firmware = profile.profile
        self._changed = changed
        self._keys = Keys(profile.fields)
        self._availability = Availability(AvailableRule(path="state"))
        self._networks: dict[str, Network] = {}
        for base in profile.options.get("base_topics", ["zigbee2mqtt"]):
            self._network(str(base))

    def topics(self) -> Sequence[str]:
        """The networks known, and where others would show themselves."""
        others = [
            f"{levels}/bridge/{word}" for levels in ("+", "+/+") for word in ("info", "devices")
        ]
        return [f"{base}/#" for base in self._networks] + others

    def knows(self, device: str) -> bool:
        """Whether a network has such a device or group."""
        return any(network.named(device) is not None for network in self._networks.values())

    def claims(self, topic: str) -> bool:
        """Whether a topic is of a network that has sent its device list."""
        network = self._of(topic)
        return network is not None and network.listed("devices")

    def reader(self, topic: str) -> TopicReader | None:
        """A reader of one topic."""
        network = self._of(topic)
        if network is None:
            return self._other(topic)
        rest = topic[len(network.base) + 1 :]
        if rest.startswith("bridge/"):
            return bridge.reader(network, rest[len("bridge/") :], self._changed)
        place = network.place(rest)
        if place.kind == "command":
            return _said(Decoded(firmware=self.firmware, device=place.device, channel="command"))
        if place.kind == "attribute" and place.attribute is not None:
            return self._attribute(network, place.device, place.attribute)
        member = network.member(place.device)
        if place.kind == "availability":
            return self._available(member, network)
        state = self._state(member, network)
        return state if place.endpoint is None else _endpoint(state, place.endpoint)

    def rule(self, topic: str) -> str:
        """What a topic is to Zigbee2MQTT."""
        network = self._of(topic)
        if network is None:
            return ""
        rest = topic[len(network.base) + 1 :]
        if rest.startswith("bridge/"):
            return f"bridge topic of {network.base}"
        place = network.place(rest)
        listed = network.members.get(place.device)
        known = "its exposes" if listed is not None and listed.exposes else "the shared keys"
        return f"{place.kind} of {place.device} by {known}"

    def encode(self, device: str, command: Command) -> list[Publication]:
        """Messages for BASE/NAME/set."""
        for network in self._networks.values():
            member = network.named(device)
            if member is not None:
                return commands.encode(network.base, member, command)
        base = next(iter(self._networks), None)
        if base is None:
            raise Unsupported("no Zigbee2MQTT network is known")
        return commands.encode(base, self._networks[base].member(device), command)

    def _network(self, base: str) -> Network:
        if base not in self._networks:
            self._networks[base] = Network(base, self.firmware, self._keys)
        return self._networks[base]

    def _of(self, topic: str) -> Network | None:
        for base, network in self._networks.items():
            if topic.startswith(base) and topic[len(base) : len(base) + 1] == "/":
                return network
        return None

    def _other(self, topic: str) -> TopicReader | None:
        """A topic that may show another network; its message has to prove it."""
        for tail in _BRIDGES:
            if topic.endswith("/" + tail):
                return lambda raw, payload, retain: self._proven(topic, tail, raw, payload, retain)
        return None

    def _proven(
        self, topic: str, tail: str, raw: bytes, payload: Any, retain: bool
    ) -> Decoded | None:
        if not bridge.proves(tail, payload):
            return None
        self._network(topic[: -len(tail) - 1])
        self._changed()
        reader = self.reader(topic)
        return None if reader is None else reader(raw, payload, retain)

    def _state(self, member: Member, network: Network) -> TopicReader:
        def read(raw: bytes, payload: Any, retain: bool) -> Decoded | None:
            if payload.__class__ is not dict:
                return _odd(network.firmware, member, raw)
            readings: list[Reading] = []
            read_object(payload, member.rules, readings)
            ts = None
            # the same `last_seen` again: it is not the device that speaks, but a command's echo
            if (seen := payload.get("last_seen")) is not None and seen != member.seen:
                member.seen, ts = seen, epoch(seen)
            event = payload.get("action") or payload.get("click")
            return Decoded(
                firmware=network.firmware,
                device=member.name,
                channel="event" if event else "state",
                key=member.key,
                readings=readings,
                ts=ts,
                transaction=payload.get("transaction"),
                details=member.details,
                via=network.bridge,
            )

        return read

    def _attribute(self, network: Network, rest: str, attribute: str) -> TopicReader:
        """NAME/ATTRIBUTE of the attribute output, unless an object shows that it is a name."""
        head = rest[: -len(attribute) - 1]
        key, _, feature = attribute.partition("-")
        whole: TopicReader | None = None
        part: TopicReader | None = None

        def read(raw: bytes, payload: Any, retain: bool) -> Decoded | None:
            nonlocal whole, part
            empty = raw == b""
            if raw.lstrip()[:1] == b"{" or (empty and head not in network.members):
                whole = whole or self._state(network.member(rest), network)
                return whole(raw, payload, retain)
            part = part or self._state(network.member(head), network)
            value = None if empty else payload
            return part(raw, {key: {feature: value} if feature else value}, retain)

        return read

    def _available(self, member: Member, network: Network) -> TopicReader:
        def read(raw: bytes, payload: Any, retain: bool) -> Decoded | None:
            return Decoded(
                firmware=self.firmware,
                device=member.name,
                channel="availability",
                key=member.key,
                available=self._availability.read(payload),
                details=member.details,
                via=network.bridge,
            )

        return read


def _endpoint(state: TopicReader, endpoint: str) -> TopicReader:
    """NAME/ENDPOINT: the keys of one endpoint without its name."""

    def read(raw: bytes, payload: Any, retain: bool) -> Decoded | None:
        said = state(raw, payload, retain)
        if said is not None:
            said.readings = [
                Reading(r.property, r.value, r.unit, r.instance or endpoint) for r in said.readings
            ]
        return said

    return read


def _said(decoded: Decoded) -> TopicReader:
    decoded.key = f"{decoded.firmware}:{decoded.device}"
    return lambda raw, payload, retain: decoded


def _odd(firmware: str, member: Member, raw: bytes) -> Decoded:
    """No object: an empty message clears a retained one, anything else is broken."""
    return Decoded(
        firmware=firmware,
        device=member.name,
        channel="state",
        key=member.key,
        removed=True if not raw and not member.listed else None,
        parse_error=True if raw else None,
    )
