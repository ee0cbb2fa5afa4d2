"""The decoder of Tasmota: from a topic to the reader of its messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Any, NamedTuple

from firmware_profiles.contract import TopicReader
from firmware_profiles.decoders.tasmota import commands, discovery, messages
from firmware_profiles.decoders.tasmota.contents import Contents
from firmware_profiles.decoders.tasmota.keys import Keys
from firmware_profiles.decoders.tasmota.member import Member
from firmware_profiles.decoders.tasmota.topics import ROLES, Topics
from schemas.device import Command, Decoded, Publication
from schemas.profile import Profile

_ANNOUNCED = "tasmota/discovery/"
_HEARD_MAX = 10_000
_TELE = frozenset({"LWT", "STATE", "SENSOR", "UPTIME", "INFO1", "INFO2", "INFO3"})


class _Found(NamedTuple):
    member: Member
    role: str
    word: str


def make(profile: Profile, changed: Callable[[], None], zone: tzinfo | None) -> Tasmota:
    """The decoder as its profile configures it."""
    return Tasmota(profile, changed)


class Tasmota:
    """Every Tasmota device of one broker; discovery tells topics that cannot be guessed."""

    def __init__(self, profile: Profile, changed: Callable[[], None]) -> None:
        options = profile.options
        self.firmware = profile.profile
        self._changed = changed
        self._keys = Keys(profile.fields)
        self._topics = Topics(options)
        self._events = {str(k): [*map(str, v)] for k, v in options.get("events", {}).items()}
        self._gestures = frozenset(map(str, options.get("gestures", ())))
        self._members: dict[str, Member] = {}
        self._macs: dict[str, Member] = {}
        self._heads: dict[str, tuple[Member, str]] = {}

    def topics(self) -> Sequence[str]:
        """Discovery, the usual layouts, and what was discovered beside them."""
        usual = tuple(f"{prefix}/" for prefix in self._topics.prefixes)
        own = [f"{head}#" for head in self._heads if not head.startswith(usual)]
        return [f"{_ANNOUNCED}#", *self._topics.filters(), *own]

    def knows(self, device: str) -> bool:
        """Whether a device was discovered or heard of."""
        return device in self._members or device in self._macs

    def claims(self, topic: str) -> bool:
        """Whether a topic is below one that a device announced as its own."""
        head = topic.rpartition("/")[0]
        return f"{head}/" in self._heads or f"{head.rpartition('/')[0]}/" in self._heads

    def encode(self, device: str, command: Command) -> list[Publication]:
        """Messages below the device's command topic."""
        member = self._members.get(device) or self._macs.get(device)
        if member is None:
            orders = f"{self._topics.prefixes[0]}/{device}/"
            member = Member(device, f"{self.firmware}:{device}", orders)
        return commands.encode(member, command)

    def reader(self, topic: str) -> TopicReader | None:
        """A reader of one topic."""
        if topic.startswith(_ANNOUNCED):
            return self._discovery(topic[len(_ANNOUNCED) :])
        found = self._find(topic)
        if found is None:
            return None
        own = messages.reader(self.firmware, self._contents(found.member), found.role, found.word)
        below = self._below(topic) if found.word in ("SENSOR", "ZbReceived") else None
        return own if below is None else below(own)

    def rule(self, topic: str) -> str:
        """What a topic is to Tasmota."""
        if topic.startswith(_ANNOUNCED):
            return "discovery"
        found = self._find(topic)
        if found is None:
            return ""
        how = "discovered" if found.member.heads else "by its prefix"
        return f"{found.role} {found.word} of {found.member.device} ({how})"

    def _find(self, topic: str) -> _Found | None:
        head, _, word = topic.rpartition("/")
        known = self._heads.get(f"{head}/")
        if known is not None and word:
            member, role = known
            return _Found(member, role or ("tele" if word in _TELE else "stat"), word)
        place = self._topics.place(topic)
        if place is None:
            return None
        return _Found(self._member(place.device, place.orders), place.role, place.word)

    def _below(self, topic: str) -> Callable[[TopicReader], TopicReader] | None:
        """…/BRIDGE/DEVICE/SENSOR: a Zigbee device with a topic of its own, if the message is so."""
        head, _, word = topic.rpartition("/")
        parent, _, id = head.rpartition("/")
        bridge = None if f"{head}/" in self._heads else self._find(f"{parent}/{word}")
        if bridge is None or bridge.role != "tele":
            return None
        read = messages.zigbee(self.firmware, self._contents(bridge.member), id, word)

        def either(own: TopicReader) -> TopicReader:
            def message(raw: bytes, payload: Any, retain: bool) -> Decoded | None:
                return read(raw, payload, retain) or own(raw, payload, retain)

            return message

        return either

    def _contents(self, member: Member) -> Contents:
        return Contents(member, self._keys, self._events, self._gestures)

    def _member(self, device: str, orders: str) -> Member:
        found = self._members.get(device)
        if found is None:
            found = Member(device, f"{self.firmware}:{device}", orders)
            if len(self._members) < _HEARD_MAX:
                self._members[device] = found
        return found

    def _discovery(self, rest: str) -> TopicReader | None:
        mac, _, kind = rest.partition("/")
        if not mac or kind not in ("config", "sensors"):
            return None
        take = self._config if kind == "config" else self._sensors

        def read(raw: bytes, payload: Any, retain: bool) -> Decoded | None:
            said = Decoded(firmware=self.firmware, device="", channel="discovery")
            if isinstance(payload, dict):
                if mac in self._macs or len(self._macs) < _HEARD_MAX:
                    take(mac, payload, said)
            elif raw:
                said.parse_error = True
            elif kind == "config":
                self._gone(mac, said)
            member = self._macs.get(mac)
            if member is not None:
                said.device, said.key = member.device, member.key
            elif not said.device:
                said.device = discovery.default_topic(mac)
                said.key = f"{self.firmware}:{mac}"
            return said

        return read

    def _config(self, mac: str, payload: dict[str, Any], said: Decoded) -> None:
        topic = payload.get("t")
        named = self._members.get(topic) if isinstance(topic, str) else None
        member = self._macs.get(mac)
        if member is None and named is not None and not named.heads:
            member = named  # heard of before
        if member is None:
            member = Member("", f"{self.firmware}:{mac}", "")
        before = (member.device, member.heads)
        self._forget(member)
        discovery.describe(member, payload, mac)
        self._macs[mac] = self._members[member.device] = member
        stat, tele = member.heads[1:]
        for head, role in zip(member.heads, ROLES, strict=True):
            self._heads[head] = member, ("" if stat == tele and role != "cmnd" else role)
        said.details = member.details
        said.devices = [discovery.announcement(member)]
        said.entities = [*member.entities]
        if before != (member.device, member.heads):
            self._changed()

    def _sensors(self, mac: str, payload: dict[str, Any], said: Decoded) -> None:
        sample = payload.get("sn")
        if not isinstance(sample, dict):
            return
        member = self._macs.get(mac)
        known = member is not None and member.heads
        if member is None:
            member = Member(discovery.default_topic(mac), f"{self.firmware}:{mac}", "", mac=mac)
            self._macs[mac] = member
        said.entities = [*self._contents(member).entities(sample)]
        member.sensors = tuple(said.entities)
        if known:
            said.devices = [discovery.announcement(member)]

    def _gone(self, mac: str, said: Decoded) -> None:
        """An emptied discovery topic: the device is no more. If it speaks again, it is known."""
        said.removed = True
        member = self._macs.get(mac)
        if member is not None:
            said.device, said.key = member.device, member.key

    def _forget(self, member: Member) -> None:
        self._heads = {head: at for head, at in self._heads.items() if at[0] is not member}
        if self._members.get(member.device) is member:
            del self._members[member.device]
