"""Discovery messages: from a topic and its payload to the configs of single entities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from firmware_profiles.decoders.ha_discovery.words import spelled_out
from firmware_profiles.units import number

_COMPONENTS_TEXT = """
alarm_control_panel binary_sensor button camera climate cover device_automation device_tracker
event fan humidifier image lawn_mower light lock notify number scene select sensor siren switch
tag text update vacuum valve water_heater
"""
COMPONENTS = frozenset(_COMPONENTS_TEXT.split())
# what a device-based config says once for all its components
_SHARED = (
    "availability", "availability_mode", "availability_topic", "availability_template",
    "payload_available", "payload_not_available", "command_topic", "state_topic", "encoding",
    "json_attributes_topic", "json_attributes_template", "qos", "device", "origin", "~",
)  # fmt: skip
_TELLING = frozenset(
    ["state_topic", "command_topic", "device", "unique_id", "topic", "availability", "components"]
)


class Place(Struct, frozen=True):
    """A discovery topic: PREFIX/COMPONENT/[NODE/]OBJECT/config."""

    component: str
    node: str
    object: str


class Config(Struct, frozen=True):
    """One entity's config with long keys and full topics."""

    id: str
    component: str
    object: str
    device: str
    options: dict[str, Any]

    def text(self, key: str, default: str = "") -> str:
        """An option as text; booleans as Home Assistant writes them (`True`)."""
        value = self.options.get(key)
        return default if value is None else str(value)

    def number(self, key: str, default: float) -> float:
        """An option as a finite number; numbers in text count."""
        found = number(self.options.get(key))
        return default if found is None else float(found)

    @property
    def about(self) -> Mapping[str, Any]:
        """What the config says of the device."""
        found = self.options.get("device")
        return found if isinstance(found, dict) else {}


def place(topic: str, prefixes: Mapping[str, None]) -> Place | None:
    """What a discovery topic names; some publishers leave out the last level `config`."""
    prefix = next((each for each in prefixes if topic.startswith(each + "/")), None)
    levels = topic.split("/")
    if prefix is not None:
        levels = topic[len(prefix) + 1 :].split("/")
    elif levels[-1] == "config" and len(levels) in (4, 5):
        levels = levels[1:]
    else:
        return None
    if levels[-1] == "config":
        levels.pop()
    if levels[0] not in COMPONENTS | {"device"} or not 2 <= len(levels) <= 3:
        return None
    return Place(levels[0], levels[1] if len(levels) == 3 else "", levels[-1])


def tells(payload: Any) -> bool:
    """Whether a payload is a config by its keys."""
    return isinstance(payload, dict) and not _TELLING.isdisjoint(spelled_out(payload))


def configs(where: Place, payload: Mapping[str, Any]) -> Iterator[Config]:
    """The entities that a discovery message configures, with what they share filled in."""
    options = spelled_out(payload)
    node = f"{where.node} {where.object}".strip()
    if where.component != "device":
        yield _config(f"{where.component} {node}", where.component, where, where.object, options)
        return
    listed = options.get("components")
    shared = {key: options[key] for key in _SHARED if key in options}
    for key, each in listed.items() if isinstance(listed, dict) else ():
        own = spelled_out(each)
        component = str(own.get("platform", ""))
        if len(own) > 1 and component in COMPONENTS:  # the platform alone: it is removed
            yield _config(f"{component} {node} {key}", component, where, str(key), shared | own)


def _config(id: str, component: str, where: Place, object: str, options: dict[str, Any]) -> Config:
    _fill_base(options)
    device = options.get("device")
    named = _identity(device if isinstance(device, dict) else {})
    return Config(id, component, object, named or where.node or where.object, options)


def _identity(device: Mapping[str, Any]) -> str:
    """The first identifier, else the value of the first connection."""
    identifiers = device.get("identifiers")
    first = identifiers[0] if isinstance(identifiers, list) and identifiers else identifiers
    if isinstance(first, str | int) and str(first):
        return str(first)
    connections = device.get("connections")
    pair = connections[0] if isinstance(connections, list) and connections else None
    return str(pair[1]) if isinstance(pair, list) and len(pair) > 1 else ""


def _fill_base(options: dict[str, Any]) -> None:
    """`~` at the start or the end of a topic stands for the base topic."""
    base = options.get("~")
    listed = options.get("availability")
    watched = [dict(each) for each in listed] if isinstance(listed, list) else []
    if watched:
        options["availability"] = watched
    for each in (options, *watched) if isinstance(base, str) else ():
        for key, value in each.items():
            if key.endswith("topic") and isinstance(value, str) and value:
                value = f"{base}{value[1:]}" if value[0] == "~" else value
                each[key] = f"{value[:-1]}{base}" if value[-1] == "~" else value
    if watched and "availability_topic" not in options:
        options["availability_topic"] = watched[0].get("topic")
