"""One Tasmota device: its names and topics, and what it told about reading its payloads."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from schemas.device import Entity

ONLINE = {"online": True, "offline": False}


class Member(Struct):
    """A device as heard of or discovered.

    `orders` begins its command topics. `units`, `words` (of relays), `will` (of the last will),
    `inverted` and `tilts` (of shutters) are what in-band units and discovery said. `version`
    grows with them.
    """

    device: str
    key: str
    orders: str
    mac: str = ""
    name: str = ""
    model: str = ""
    heads: tuple[str, ...] = ()
    units: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    will: dict[str, bool] = field(default_factory=lambda: dict(ONLINE))
    inverted: frozenset[str] = frozenset()
    tilts: dict[str, tuple[float, float]] = field(default_factory=dict)
    zigbee: set[str] = field(default_factory=set)
    entities: tuple[Entity, ...] = ()
    sensors: tuple[Entity, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    version: int = 0
