"""The decoder of Home Assistant discovery: configs, and the topics that configs name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Any

from firmware_profiles.contract import TopicReader, Unsupported
from firmware_profiles.decoders.ha_discovery import commands
from firmware_profiles.decoders.ha_discovery.config import configs, place, tells
from firmware_profiles.decoders.ha_discovery.index import Index, Watch, entities, thing_commands
from firmware_profiles.decoders.ha_discovery.parts import Source, Thing
from firmware_profiles.decoders.ha_discovery.template import Templates
from schemas.device import Announcement, Command, Decoded, Publication, Reading
from schemas.profile import Profile

_OTHERS = ("+/+/+/config", "+/+/+/+/config")


def make(profile: Profile, changed: Callable[[], None], zone: tzinfo | None) -> HaDiscovery:
    """The decoder as its profile configures it (`options: {prefixes: […]}`)."""
    return HaDiscovery(profile, changed, zone)


class HaDiscovery:
    """Devices that announce themselves to Home Assistant, whatever their firmware is.

    It speaks for topics of other firmwares: those that a config names, unless the firmware's
    own decoder has been told of them (`defer`).
    """

    def __init__(self, profile: Profile, changed: Callable[[], None], zone: tzinfo | None) -> None:
        self.firmware = profile.profile
        self._changed = changed
        self._index = Index(profile.profile, Templates(zone))
        given = profile.options.get("prefixes", ["homeassistant"])
        self._prefixes: dict[str, None] = dict.fromkeys(map(str, given))
        self._native: Callable[[str], bool] = lambda topic: False

    def defer(self, native: Callable[[str], bool]) -> None:
        """Leave the topics to others that `native` says are announced to them."""
        self._native = native

    def names(self, topic: str) -> bool:
        """Whether a config names a topic that is announced to no other decoder."""
        index = self._index
        named = topic in index.sources or topic in index.watches or topic in index.commands
        return named and not self._native(topic)

    def topics(self) -> Sequence[str]:
        """The discovery topics, and those that configs name."""
        index = self._index
        prefixes = [f"{prefix}/#" for prefix in self._prefixes]
        return [*prefixes, *_OTHERS, *index.sources, *index.watches]

    def knows(self, device: str) -> bool:
        """Whether a device has been announced."""
        return device in self._index.ids()

    def reader(self, topic: str) -> TopicReader | None:
        """A reader of one topic."""
        if self.names(topic):
            return self._named(topic)
        if place(topic, self._prefixes) is not None:
            return self._config(topic)
        for prefix in self._prefixes:
            if topic == f"{prefix}/status":
                return self._home_assistant
        return None

    def rule(self, topic: str) -> str:
        """What a topic is to discovery."""
        if self.names(topic):
            named = [thing.config.id for thing, _ in self._index.sources.get(topic, ())]
            return f"topic of {', '.join(named) or 'a config'}"
        return "config" if place(topic, self._prefixes) and self._in_prefix(topic) else ""

    def encode(self, device: str, command: Command) -> list[Publication]:
        """The messages that the device's configs prescribe."""
        things = self._index.device(device) or self._called(device)
        if not things:
            raise Unsupported(f"no discovery message has announced `{device}`")
        return commands.encode(device, things, command)

    def _in_prefix(self, topic: str) -> bool:
        return any(topic.startswith(prefix + "/") for prefix in self._prefixes)

    def _called(self, name: str) -> list[Thing]:
        """Entities by a name of theirs or of their device; the only device goes by any name."""
        index, found = self._index, list[Thing]()
        devices = [index.device(id) for id in index.ids()]
        for things in devices:
            for thing in things:
                if name in (thing.config.text("name"), thing.config.object):
                    found.append(thing)
            if things and things[0].config.about.get("name") == name:
                return things
        return found or (devices[0] if len(devices) == 1 else [])

    # Configs

    def _config(self, topic: str) -> TopicReader:
        """A reader of configs; the same one again is answered from memory until a change."""
        last: tuple[bytes, Decoded | None] = (b"", None)

        def read(raw: bytes, payload: Any, retain: bool) -> Decoded | None:
            nonlocal last
            if not raw or raw != last[0]:
                last = (raw, self._configured(topic, raw, payload))
            return last[1]

        return read

    def _configured(self, topic: str, raw: bytes, payload: Any) -> Decoded | None:
        where = place(topic, self._prefixes)
        if where is None:
            return None
        known = topic in self._index.things
        if not raw:
            return (
                self._removed(topic, where.node or where.object)
                if known or self._in_prefix(topic)
                else None
            )
        proper = self._in_prefix(topic) and topic.endswith("/config")
        if not tells(payload) and not (proper and isinstance(payload, dict)):
            return self._broken(where.node or where.object) if proper else None
        if _ours(payload):
            return Decoded(firmware=self.firmware, device=where.object, channel="discovery")
        before = {thing.config.device for thing in self._index.things.get(topic, ())}
        if self._index.put(topic, raw, configs(where, payload)):
            self._changed()
        things = self._index.things.get(topic, [])
        if not things:
            return self._removed(topic, where.object)
        device = things[0].config.device
        said = self._said(device, "discovery")
        said.entities = [entity for thing in things for entity in entities(thing)]
        said.devices = [self._announced(id) for id in {device, *before}]
        about = things[0].config.about
        for key, detail in (("sw_version", "firmware_version"), ("model", "model")):
            if about.get(key):
                said.details[detail] = str(about[key])
        return said

    def _announced(self, device: str) -> Announcement:
        """A device with what nobody else speaks for; if that is nothing it is removed here."""
        mine = [thing for thing in self._index.device(device) if not self._spoken_for(thing)]
        if mine:
            return self._index.announcement(device, mine)
        key = f"{self.firmware}:{device}"
        return Announcement(device=device, key=key, removed=True)

    def _spoken_for(self, thing: Thing) -> bool:
        topics = [source.topic for source in thing.sources] or [*thing_commands(thing.config)]
        return any(map(self._native, topics))

    def _removed(self, topic: str, id: str) -> Decoded:
        gone = self._index.drop(topic)
        if not gone:
            said = self._said(id, "discovery")
            said.key, said.removed = "", True
            return said
        self._changed()
        device = gone[0].config.device
        said = self._said(device, "discovery")
        if self._index.device(device):
            said.devices, said.details = [self._announced(device)], {"removed": True}
        else:
            said.removed = True
        return said

    def _broken(self, id: str) -> Decoded:
        said = self._said(id, "discovery")
        said.key, said.parse_error = "", True
        return said

    def _home_assistant(self, raw: bytes, payload: Any, retain: bool) -> Decoded | None:
        """Home Assistant's own birth and last will."""
        said = self._said("homeassistant", "availability")
        said.available = {b"online": True, b"offline": False}.get(raw)
        return said

    def _said(self, device: str, channel: str) -> Decoded:
        return Decoded(
            firmware=self.firmware,
            device=device,
            channel=channel,
            key=f"{self.firmware}:{device}",
            details={},
        )

    # Topics that configs name

    def _named(self, topic: str) -> TopicReader:
        watches = list(self._index.watches.get(topic, {}).values())
        pairs = self._index.sources.get(topic, [])
        devices = list(dict.fromkeys(thing.config.device for thing, _ in pairs))
        reads = [self._values(device, pairs) for device in devices]
        if not reads and not watches:
            said = self._said(self._index.commands[topic], "command")
            return lambda raw, payload, retain: said
        if not reads:
            return self._availability(topic, watches)
        if len(reads) == 1 and not watches:
            return reads[0]

        def read(raw: bytes, payload: Any, retain: bool) -> Decoded | None:
            said = reads[0](raw, payload, retain)
            for other in reads[1:]:
                if said is not None and said.readings:
                    break
                said = other(raw, payload, retain) or said
            if said is not None and watches:
                self._watched(said, topic, watches, raw, payload)
            return said

        return read

    def _values(self, device: str, pairs: list[tuple[Thing, Source]]) -> TopicReader:
        """The readings of one device on one topic."""
        mine = sorted(
            (pair for pair in pairs if pair[0].config.device == device),
            key=lambda pair: pair[0].config.id,
        )
        plan, taken = [], set[tuple[str, str | None]]()
        for _, source in mine:
            if (source.property, source.instance) not in taken:
                taken.add((source.property, source.instance))
                plan.append(source[1:])
        usual = "telemetry" if all(t.channel == "telemetry" for t, _ in mine) else "state"
        momentary = any(source[0] == "action" for source in plan)
        firmware, key = self.firmware, f"{self.firmware}:{device}"

        def read(raw: bytes, payload: Any, retain: bool) -> Decoded:
            readings = []
            for property, unit, instance, value, convert in plan:
                found = value(raw, payload)
                if found is not None and (plain := convert(found)) is not None:
                    readings.append(Reading(property, plain, unit, instance))
            event = momentary and any(reading.property == "action" for reading in readings)
            return Decoded(
                firmware=firmware,
                device=device,
                channel="event" if event else usual,
                key=key,
                readings=readings,
            )

        return read

    def _availability(self, topic: str, watches: list[Watch]) -> TopicReader:
        def read(raw: bytes, payload: Any, retain: bool) -> Decoded:
            said = self._said(watches[0].device, "availability")
            self._watched(said, topic, watches, raw, payload)
            return said

        return read

    def _watched(
        self, said: Decoded, topic: str, watches: list[Watch], raw: bytes, payload: Any
    ) -> None:
        """What the message says of the devices that have it as their availability."""
        for watch in watches:
            word = str(watch.value(raw, payload)).casefold()
            if word not in (watch.available, watch.unavailable):
                continue
            told = self._index.available(watch, topic, word == watch.available)
            if watch.device == said.device:
                said.available = told
            else:
                said.behind = [*said.behind, f"{self.firmware}:{watch.device}"]
        said.cascade = bool(said.behind) and said.available is not None


def _ours(payload: Any) -> bool:
    """Whether an agent tells Home Assistant of its pipelines: they are no devices."""
    origin = payload.get("origin") if isinstance(payload, dict) else None
    return isinstance(origin, dict) and origin.get("name") == "hearthflow"
