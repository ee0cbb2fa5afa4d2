"""What the configs of one broker name: entities by device, sources and availability by topic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from firmware_profiles.decoders.ha_discovery.components import MAKERS
from firmware_profiles.decoders.ha_discovery.config import Config
from firmware_profiles.decoders.ha_discovery.parts import Limits, Source, Thing
from firmware_profiles.decoders.ha_discovery.template import Templates, Value
from firmware_profiles.vocabulary import unit_of
from schemas.device import Announcement, Entity

_THINGS_MAX = 20_000
_COMMANDS = ("command_topic", "_command_topic", "set_position_topic", "set_fan_speed_topic")


class Watch(NamedTuple):
    """One availability topic of one device."""

    device: str
    value: Value
    available: str
    unavailable: str
    mode: str


class Index:
    """The entities of all configs."""

    def __init__(self, firmware: str, templates: Templates) -> None:
        self.firmware = firmware
        self.things: dict[str, list[Thing]] = {}
        self.sources: dict[str, list[tuple[Thing, Source]]] = {}
        self.watches: dict[str, dict[str, Watch]] = {}
        self.commands: dict[str, str] = {}
        self.told: dict[str, dict[str, bool]] = {}
        self._templates = templates
        self._raw: dict[str, bytes] = {}
        self._of: dict[str, dict[str, Thing]] = {}

    def put(self, topic: str, raw: bytes, configs: Iterator[Config]) -> bool:
        """Take in the configs of a discovery topic; False when nothing is new."""
        if self._raw.get(topic) == raw:
            return False
        self.drop(topic)
        if len(self._raw) < _THINGS_MAX:
            self._raw[topic] = raw
            self.things[topic] = [self._made(config) for config in configs]
        return True

    def drop(self, topic: str) -> list[Thing]:
        """Forget the entities of a discovery topic."""
        self._raw.pop(topic, None)
        gone = self.things.pop(topic, [])
        for thing in gone:
            self._forget(thing)
        return gone

    def device(self, id: str) -> list[Thing]:
        """The entities of a device, in an order that does not depend on their arrival."""
        return [thing for _, thing in sorted(self._of.get(id, {}).items())]

    def ids(self) -> list[str]:
        """The devices."""
        return list(self._of)

    def available(self, watch: Watch, topic: str, told: bool) -> bool:
        """A device's availability after one of its topics has told; by the mode of its config."""
        known = self.told.setdefault(watch.device, {})
        known[topic] = told
        if watch.mode == "all":
            return all(known.values())
        return any(known.values()) if watch.mode == "any" else told

    def announcement(self, id: str, things: list[Thing]) -> Announcement:
        """A device as the registry takes it in."""
        about = things[0].config.about if things else {}
        name = about.get("name")
        return Announcement(
            device=id,
            key=f"{self.firmware}:{id}",
            name=str(name) if name else id,
            manufacturer=str(about.get("manufacturer") or ""),
            model=str(about.get("model") or ""),
            entities=tuple(each for thing in things for each in entities(thing)),
        )

    def _made(self, config: Config) -> Thing:
        thing = Thing(config, self._templates)
        maker = MAKERS.get(config.component)
        if maker is not None:
            maker(thing)
        self._tell_apart(thing)
        self._of.setdefault(config.device, {})[config.id] = thing
        for source in thing.sources:
            self.sources.setdefault(source.topic, []).append((thing, source))
        for topic in thing_commands(config):
            self.commands[topic] = config.device
        for topic, watch in self._watched(config):
            self.watches.setdefault(topic, {})[config.device] = watch
        return thing

    def _tell_apart(self, thing: Thing) -> None:
        """Equal properties of one device need instances, unless they are read from one topic."""
        others = list(self._of.get(thing.config.device, {}).values())
        taken = {
            (source.property, source.instance): source.topic
            for each in others
            for source in each.sources
        }
        for source in thing.sources:
            topic = taken.get((source.property, source.instance))
            if topic and (topic != source.topic or source.property == "state"):
                thing.call(thing.config.object)
                return

    def _forget(self, thing: Thing) -> None:
        config = thing.config
        mine = self._of.get(config.device, {})
        mine.pop(config.id, None)
        if not mine:
            self._of.pop(config.device, None)
            self.told.pop(config.device, None)
            for topic in [topic for topic, found in self.watches.items() if config.device in found]:
                del self.watches[topic][config.device]
                if not self.watches[topic]:
                    del self.watches[topic]
        for topic in {source.topic for source in thing.sources}:
            left = [pair for pair in self.sources.get(topic, ()) if pair[0] is not thing]
            self.sources[topic] = left
            if not left:
                del self.sources[topic]

    def _watched(self, config: Config) -> Iterator[tuple[str, Watch]]:
        listed = config.options.get("availability")
        mode = config.text("availability_mode", "latest")
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each.get("topic"), str):
                yield each["topic"], self._watch(config, each, each.get("value_template"), mode)
        if not listed and config.text("availability_topic"):
            template = config.options.get("availability_template")
            yield (
                config.text("availability_topic"),
                self._watch(config, config.options, template, mode),
            )

    def _watch(self, config: Config, said: dict[str, Any], template: Any, mode: str) -> Watch:
        return Watch(
            config.device,
            self._templates.value(template),
            str(said.get("payload_available", "online")).casefold(),
            str(said.get("payload_not_available", "offline")).casefold(),
            mode,
        )


def thing_commands(config: Config) -> Iterator[str]:
    """The topics that others send commands to."""
    for key, value in config.options.items():
        if key.endswith(_COMMANDS) and isinstance(value, str) and value:
            yield value


def entities(thing: Thing) -> Iterator[Entity]:
    """What a device can report and be told by one of its configs, one for each property."""
    config, shown = thing.config, shown_options(thing)
    read = {(source.property, source.instance): source for source in thing.sources}
    named = [name.partition("@") for name in thing.setters]
    told = {(property, which or thing.instance) for property, _, which in named}
    places = [*read, *sorted(told - set(read), key=str)] or [(config.component, thing.instance)]
    if thing.wrap is not None:  # an object may hold more than this light has
        places = [place for place in places if place in told]
    for property, instance in places:
        source, limits = read.get((property, instance)), thing.limits.get(property, Limits())
        yield Entity(
            property=property,
            instance=instance,
            component=config.component,
            unit=source.unit if source else unit_of(property),
            name=config.text("name") or config.object,
            settable=(property, instance) in told,
            values=limits.values,
            minimum=limits.minimum,
            maximum=limits.maximum,
            config=shown,
        )


def shown_options(thing: Thing) -> dict[str, Any]:
    """The config's options with long keys, less the device, and kelvin beside mireds."""
    options = {key: value for key, value in thing.config.options.items() if key != "device"}
    if thing.config.component == "device_automation":
        options["trigger_topic"] = options.get("topic")
    warmth = thing.limits.get("color_temp", Limits())
    if warmth.minimum is not None or warmth.maximum is not None:
        options |= {"min_k": warmth.minimum, "max_k": warmth.maximum}
    return options
