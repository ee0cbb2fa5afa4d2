"""Topics of ESPHome: PREFIX/COMPONENT/OBJECT/state, with a part of the component between."""

from __future__ import annotations

import re
from typing import NamedTuple

WORDED = ("select", "text_sensor", "text", "date", "time", "datetime")
VALUES = ("sensor", "binary_sensor", "number", *WORDED)
_ACTUATORS = (
    "switch", "light", "fan", "cover", "valve", "lock", "climate", "water_heater", "humidifier",
    "alarm_control_panel", "event", "update", "button",
)  # fmt: skip
_PARTS = (
    "position", "tilt", "mode", "action", "current_temperature", "target_temperature",
    "target_temperature_low", "target_temperature_high", "current_humidity", "target_humidity",
    "fan_mode", "swing_mode", "preset", "away", "speed_level", "speed", "oscillation", "direction",
)  # fmt: skip
_TOPIC = re.compile(
    f"(.+)/({'|'.join((*VALUES, *_ACTUATORS))})/([^/]+)(?:/({'|'.join(_PARTS)}))?/(state|command)"
)
# these roots are other firmwares' own
_OTHERS = frozenset(
    ("homeassistant", "zigbee2mqtt", "shellies", "homie", "tele", "stat", "cmnd", "tasmota")
)


class Place(NamedTuple):
    """What a topic speaks of; `kind` is `state` or `command`."""

    device: str
    component: str
    object: str
    part: str | None
    kind: str


def place(topic: str) -> Place | None:
    """What a component's topic speaks of; None for all others."""
    match = _TOPIC.fullmatch(topic)
    return Place(*match.groups()) if match and own(topic) else None


def own(topic: str) -> bool:
    """Whether a topic may be of an ESPHome node by its root."""
    return topic.partition("/")[0] not in _OTHERS
