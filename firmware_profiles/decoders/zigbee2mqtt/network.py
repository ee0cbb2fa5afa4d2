"""One Zigbee2MQTT network: its devices and groups, and what the topics under its base mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec import Struct

from firmware_profiles.decoders.zigbee2mqtt.keys import ENDPOINTS, Keys
from firmware_profiles.rules import Rules
from schemas.device import Announcement, Entity

_HEARD_MAX = 10_000


class Member(Struct):
    """A device or group: its name now, its key for ever, and how its payloads are read."""

    name: str
    key: str
    rules: Rules
    exposes: tuple[Mapping[str, Any], ...] = ()
    entities: tuple[Entity, ...] = ()
    listed: bool = False
    endpoints: frozenset[str] = frozenset()
    details: dict[str, Any] = {}
    seen: Any = None


class Place(NamedTuple):
    """What a topic under the base speaks of: a member, one endpoint or one attribute of it."""

    device: str
    kind: str
    endpoint: str | None = None
    attribute: str | None = None


class Network:
    """The members of one network by name."""

    def __init__(self, base: str, firmware: str, keys: Keys) -> None:
        self.base = base
        self.firmware = firmware
        self.bridge = f"{firmware}:{'' if base == 'zigbee2mqtt' else f'{base}/'}bridge"
        self.keys = keys
        self.members: dict[str, Member] = {}
        self.version = ""
        self._listed: dict[str, tuple[str, ...]] = {}

    def member(self, name: str) -> Member:
        """The member of that name, made when it is first heard of."""
        found = self.members.get(name)
        if found is None:
            found = Member(name, f"{self.firmware}:{name}", self.keys.rules())
            if len(self.members) < _HEARD_MAX:
                self.members[name] = found
        return found

    def named(self, name: str) -> Member | None:
        """A member by its name or its address."""
        found = self.members.get(name)
        if found is None and name.startswith("0x"):
            key = f"{self.firmware}:{name}"
            found = next((each for each in self.members.values() if each.key == key), None)
        return found

    def listed(self, kind: str) -> bool:
        """Whether a list of `devices` or `groups` has been taken in."""
        return kind in self._listed

    def announce(self, kind: str, members: list[Member]) -> list[Announcement]:
        """Take in a whole list of `devices` or `groups`; who is no longer in it is removed."""
        names = {member.name for member in members}
        gone = [name for name in self._listed.get(kind, ()) if name not in names]
        announced = []
        before = {each.key: each.seen for each in self.members.values()}
        for member in members:
            former = self.members.get(member.name)
            member.seen = before.get(member.key, former.seen if former else None)
            self.members[member.name] = member
        self._listed[kind] = tuple(names)
        kept = {member.key for member in members}
        for name in gone:
            old = self.members.pop(name, None)
            if old is not None and old.key not in kept:
                announced.append(Announcement(device=name, key=old.key, name=name, removed=True))
        return announced

    def place(self, rest: str) -> Place:
        """What the topic BASE/`rest` speaks of."""
        if rest in self.members and self.members[rest].listed:
            return Place(rest, "state")
        parts = rest.split("/")
        for at in range(len(parts) - 1, 0, -1):
            word = parts[at]
            if word in ("set", "get"):
                device, endpoint = self._split("/".join(parts[:at]))
                return Place(device, "command", endpoint)
        if parts[-1] == "availability" and len(parts) > 1:
            return Place("/".join(parts[:-1]), "availability")
        if len(parts) == 1:
            return Place(rest, "state")
        device, endpoint = self._split(rest)
        if endpoint is not None:
            return Place(device, "state", endpoint)
        return Place(rest, "attribute", None, parts[-1])

    def _split(self, name: str) -> tuple[str, str | None]:
        """A name, and the endpoint at its end; listed names win over well-known endpoints."""
        head, _, tail = name.rpartition("/")
        known = self.members.get(name)
        if not head or (known is not None and known.listed):
            return name, None
        owner = self.members.get(head)
        if owner is not None and owner.listed:
            return (head, tail) if tail in owner.endpoints or tail in ENDPOINTS else (name, None)
        return (head, tail) if tail in ENDPOINTS else (name, None)
