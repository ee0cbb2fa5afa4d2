"""The decoder of Homie: from a topic to the reader of its messages, and the devices behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Any

from firmware_profiles.contract import TopicReader, Unsupported
from firmware_profiles.decoders.homie import commands
from firmware_profiles.decoders.homie.places import Place, base_of, place
from firmware_profiles.decoders.homie.tree import HomieDevice, Property, Tree
from firmware_profiles.rules import Rules, unknown, well_known
from firmware_profiles.rules import compiled as compiled_rule
from schemas.device import Command, Decoded, Publication, Reading
from schemas.profile import Profile

_STATES = {
    "ready": True, "sleeping": True, "alert": True, "true": True,
    "init": False, "disconnected": False, "lost": False, "false": False,
}  # fmt: skip
_STATS = ("stats/", "signal", "uptime", "stats")
_OTHERS = (
    "+/+/$homie", "+/+/$state", "+/+/$nodes", "+/+/+/$properties", "+/5/+/$state",
    "+/5/+/$description",
)  # fmt: skip
_BASES_MAX = 100


def make(profile: Profile, changed: Callable[[], None], zone: tzinfo | None) -> Homie:
    """The decoder as its profile configures it (`options: {bases: […]}`)."""
    return Homie(profile, changed)


class Homie:
    """Every Homie base of one broker; others than those given are found by their attributes."""

    def __init__(self, profile: Profile, changed: Callable[[], None]) -> None:
        self.firmware = profile.profile
        self._changed = changed
        self._tree = Tree(profile.profile)
        self._bases = [str(base) for base in profile.options.get("bases", ["homie"])]
        given = {key: compiled_rule(rule) for key, rule in profile.fields.items()}
        self._stats = Rules(lambda key: well_known(key) or unknown(key), given)

    def topics(self) -> Sequence[str]:
        """The bases known, and where others would show themselves."""
        return [f"{base}/#" for base in self._bases] + list(_OTHERS)

    def knows(self, device: str) -> bool:
        """Whether a device has been heard of."""
        return self._tree.named(device) is not None

    def claims(self, topic: str) -> bool:
        """Whether a device that has described itself says this."""
        where = self._place(topic)
        known = self._tree.devices.get((where.base, where.device)) if where else None
        return known is not None and bool(known.attributes)

    def reader(self, topic: str) -> TopicReader | None:
        """A reader of one topic."""
        where = self._place(topic)
        if where is not None:
            return self._reader(where)
        base = base_of(topic) if "/$" in topic else ""
        return None if not base else self._newcomer(base, topic)

    def rule(self, topic: str) -> str:
        """What a topic is to Homie."""
        where = self._place(topic)
        if where is None:
            return ""
        if where.kind != "value":
            return f"{where.kind} of {where.device}"
        known = self._tree.device(where.base, where.device).property(where.node, where.property)
        by = "its attributes" if known.attributes else "its name"
        return f"value {where.node}/{where.property} of {where.device} by {by}"

    def encode(self, device: str, command: Command) -> list[Publication]:
        """Messages for …/NODE/PROPERTY/set."""
        if not device:
            raise Unsupported("a Homie device needs an id")
        known = self._tree.named(device)
        return commands.encode(known or HomieDevice(self._bases[0], device, ""), command)

    def _place(self, topic: str) -> Place | None:
        for base in self._bases:
            if topic.startswith(base) and topic[len(base) : len(base) + 1] == "/":
                if topic.startswith("5/", len(base) + 1):  # Homie 5 has its version in the topic
                    base += "/5"
                return place(base, topic)
        return None

    def _newcomer(self, base: str, topic: str) -> TopicReader:
        """An attribute under a base not known yet: a message makes it known."""

        def read(raw: bytes, payload: Any, retain: bool) -> Decoded | None:
            base_alone = base.removesuffix("/5")
            if base_alone not in self._bases and len(self._bases) < _BASES_MAX:
                self._bases.append(base_alone)
                self._bases.sort(key=len, reverse=True)
                self._changed()
            where = self._place(topic)
            reader = self._reader(where) if where else None
            return None if reader is None else reader(raw, payload, retain)

        return read

    def _reader(self, where: Place) -> TopicReader:
        if where.kind == "value":
            return self._value(where)
        if where.kind == "attribute":
            return self._attribute(where)
        if where.kind == "broadcast":
            said = Decoded(firmware=self.firmware, device=where.device, channel="event")
            return lambda raw, payload, retain: said
        return self._said(where, "command")

    def _said(self, where: Place, channel: str) -> TopicReader:
        key = f"{self.firmware}:{where.device}"
        said = Decoded(firmware=self.firmware, device=where.device, channel=channel, key=key)
        return lambda raw, payload, retain: said

    def _value(self, where: Place) -> TopicReader:
        device = self._tree.device(where.base, where.device)
        firmware, name, key = self.firmware, device.id, device.key
        places, place = device.properties, (where.node, where.property)

        def read(raw: bytes, payload: Any, retain: bool) -> Decoded:
            known = places.get(place) or device.property(*place)
            readings = known.meaning().readings(_plain(raw, payload, known)) if raw else []
            return Decoded(
                firmware=firmware, device=name, channel="state", key=key, readings=readings
            )

        return read

    def _attribute(self, where: Place) -> TopicReader:
        name, device = where.rest, self._tree.device(where.base, where.device)
        if where.property:
            return self._tell(device, device.property(where.node, where.property), name)
        if where.node:
            return self._node(device, where.node, name)
        head = name.partition("/")[0]
        if name in ("state", "online"):
            return self._state(device)
        if name.startswith(_STATS):
            return self._stat(where, name)
        if head in ("log", "alert"):
            return self._spoken(where, head, name)
        return self._about(device, name)

    def _tell(self, device: HomieDevice, known: Property, name: str) -> TopicReader:
        """An attribute of a property; its target is no value and no attribute."""
        if name == "target":
            said = Decoded(
                firmware=self.firmware, device=device.id, channel="state", key=device.key
            )
            return lambda raw, payload, retain: said

        def read(raw: bytes, payload: Any, retain: bool) -> Decoded:
            known.tell(name, raw.decode(errors="replace"))
            return self._described(device)

        return read

    def _node(self, device: HomieDevice, node: str, name: str) -> TopicReader:
        def read(raw: bytes, payload: Any, retain: bool) -> Decoded:
            text = raw.decode(errors="replace")
            for id in text.split(",") if name == "properties" else ():
                id, settable, _ = id.strip().partition(":settable")  # Homie 2
                if id and settable:
                    device.property(node, id).tell("settable", "true")
            return self._described(device)

        return read

    def _about(self, device: HomieDevice, name: str) -> TopicReader:
        """Any other attribute of a device."""

        def read(raw: bytes, payload: Any, retain: bool) -> Decoded:
            if name == "description" and raw:
                if not isinstance(payload, dict):
                    return self._described(device, parse_error=True)
                device.describe(payload)
            else:
                device.attributes[name] = raw.decode(errors="replace")
            gone = not raw and name in ("homie", "description")
            return self._described(device, removed=gone or None)

        return read

    def _described(
        self, device: HomieDevice, *, removed: bool | None = None, parse_error: bool | None = None
    ) -> Decoded:
        if removed:
            self._tree.devices.pop((device.base, device.id), None)
            self._changed()
        details = {"mac": "mac", "fw/version": "firmware_version", "localip": "ip"}
        return Decoded(
            firmware=self.firmware,
            device=device.id,
            channel="discovery",
            key=device.key,
            devices=[] if removed else [device.announcement(self.firmware)],
            removed=removed,
            parse_error=parse_error,
            details={
                word: device.attributes[key]
                for key, word in details.items()
                if device.attributes.get(key)
            },
        )

    def _state(self, device: HomieDevice) -> TopicReader:
        """`$state` (Homie 3 on), `$online` (before). The children of a lost root are lost too."""

        def read(raw: bytes, payload: Any, retain: bool) -> Decoded:
            word = raw.decode(errors="replace").strip().lower()
            behind = self._tree.behind(device) if word in ("lost", "ready") else []
            if not raw:
                self._tree.devices.pop((device.base, device.id), None)
                self._changed()
            return Decoded(
                firmware=self.firmware,
                device=device.id,
                channel="availability",
                key=device.key,
                available=_STATES.get(word),
                cascade=bool(behind),
                behind=behind,
                removed=None if raw else True,
            )

        return read

    def _stat(self, where: Place, name: str) -> TopicReader:
        """Statistics, each under its own name; `$stats` alone only lists them."""
        rule = self._stats[name.removeprefix("stats/")]
        listed = name == "stats"

        def read(raw: bytes, payload: Any, retain: bool) -> Decoded:
            plain = None if listed or not raw else rule.convert(payload)
            found = [] if plain is None else [Reading(rule.property, plain, rule.unit)]
            key = f"{self.firmware}:{where.device}"
            return Decoded(
                firmware=self.firmware,
                device=where.device,
                channel="telemetry",
                key=key,
                readings=found,
            )

        return read

    def _spoken(self, where: Place, head: str, name: str) -> TopicReader:
        """Logs, and alerts: texts for people, each alert with an id; an empty one is over."""
        if head == "log":
            return self._said(where, "log")
        id, key = name.partition("/")[2] or None, f"{self.firmware}:{where.device}"

        def read(raw: bytes, payload: Any, retain: bool) -> Decoded:
            text = raw.decode(errors="replace")
            return Decoded(
                firmware=self.firmware,
                device=where.device,
                channel="event",
                key=key,
                readings=[Reading("alert", text, None, id)] if text else [],
            )

        return read


def _plain(raw: bytes, payload: Any, known: Property) -> Any:
    """The value: text where the data type is text, though it may look like JSON."""
    if payload.__class__ is str or known.attributes.get("datatype") in ("string", "enum", "color"):
        return raw.decode(errors="replace").replace("\0", "")
    return payload
