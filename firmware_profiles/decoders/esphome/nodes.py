"""Nodes that announce themselves to Home Assistant: their entities, units and classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import Any, NamedTuple

from msgspec.structs import replace

from firmware_profiles.decoders.esphome import objects
from firmware_profiles.decoders.esphome.places import VALUES, Place, place
from firmware_profiles.decoders.ha_discovery import config
from firmware_profiles.decoders.ha_discovery.index import Index, entities
from firmware_profiles.decoders.ha_discovery.parts import Thing
from firmware_profiles.decoders.ha_discovery.template import Templates
from schemas.device import Announcement, Entity


class Told(NamedTuple):
    """What one config says; `news` that it changes how topics are read."""

    announcement: Announcement
    entities: list[Entity]
    details: dict[str, Any]
    news: bool


class Nodes:
    """The configs of ESPHome nodes; `options` are those of each state topic."""

    def __init__(self, firmware: str, zone: tzinfo | None) -> None:
        self.options: dict[str, Mapping[str, Any]] = {}
        self.names: dict[str, str] = {}
        self._firmware = firmware
        self._index = Index(firmware, Templates(zone))

    def told(self, topic: str, raw: bytes, payload: Any, fields: objects.Fields) -> Told | None:
        """Take in a config; None when it is not of a node."""
        if not raw:
            return self._gone(topic, fields)
        where = config.place(topic, {"homeassistant": None})
        if where is None or not config.tells(payload):
            return None
        configs = [*config.configs(where, payload)]
        about = {_node(each.component, each.options) for each in configs}
        node = about.pop() if len(about) == 1 else None
        if node is None:
            return None
        news = self._index.put(topic, raw, iter(configs))
        things = self._index.things.get(topic, [])
        for thing in things:
            self.names[node] = thing.config.device
            state = thing.config.options.get("state_topic")
            if isinstance(state, str):
                self.options[state] = thing.config.options
        return self._answer(node, things, fields, news)

    def _gone(self, topic: str, fields: objects.Fields) -> Told | None:
        gone = self._index.drop(topic)
        node = _node(gone[0].config.component, gone[0].config.options) if gone else None
        if node is None:
            return None
        for thing in gone:
            self.options.pop(str(thing.config.options.get("state_topic")), None)
        return self._answer(node, [], fields, True)

    def _answer(
        self, node: str, things: Iterable[Thing], fields: objects.Fields, news: bool
    ) -> Told:
        all = self._index.device(self.names.get(node, ""))
        about = all[0].config.about if all else {}
        listed = [each for thing in all for each in _entities(thing, fields)]
        announcement = Announcement(
            device=node,
            key=f"{self._firmware}:{node}",
            name=str(about.get("name") or node),
            manufacturer=str(about.get("manufacturer") or ""),
            model=str(about.get("model") or ""),
            entities=tuple(listed),
            removed=not all,
        )
        version = about.get("sw_version")
        details = {"firmware_version": str(version)} if version else {}
        mine = [each for thing in things for each in _entities(thing, fields)]
        return Told(announcement, mine, details, news)


def _node(component: str, options: Mapping[str, Any]) -> str | None:
    """The topic prefix that all topics of a config have; None: it is not of an ESPHome node.

    ESPHome's own unique ids begin with `ESP` and the component. Nodes told to put their MAC address
    there are known by it, so they are left to discovery like any other device.
    """
    if not str(options.get("unique_id", "")).startswith(f"ESP{component}"):
        return None
    topics = [value for key, value in options.items() if key.endswith("_topic")]
    prefixes = {_prefix(topic) for topic in topics}
    return prefixes.pop() if len(prefixes) == 1 else None


def _prefix(topic: Any) -> str | None:
    if not isinstance(topic, str):
        return None
    found = place(topic)
    if found is not None:
        return found.device
    return topic.removesuffix("/status") if topic.endswith("/status") else None


def _entities(thing: Thing, fields: objects.Fields) -> list[Entity]:
    """The entities of a config, named as their readings are."""
    found = _place(thing.config.options)
    if found is None:
        return [*entities(thing)]
    shown = [
        replace(each, instance=found.object, config={"object_id": found.object} | each.config)
        for each in entities(thing)
    ]
    if found.component not in VALUES:
        return shown
    rule = objects.rule(found.component, found.object, found.device, fields, thing.config.options)
    return [
        replace(each, property=rule.property, unit=rule.unit, instance=rule.instance)
        for each in shown[:1]
    ]


def _place(options: Mapping[str, Any]) -> Place | None:
    topics = [value for key, value in options.items() if key.endswith("_topic")]
    return next(filter(None, (place(topic) for topic in topics if isinstance(topic, str))), None)
