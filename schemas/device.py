"""Devices in one vocabulary: readings, what a decoder made of a message, and commands."""

from typing import Any

from msgspec import Struct


class Reading(Struct, frozen=True, omit_defaults=False, gc=False):
    """One value in the canonical vocabulary (one unit per property, `unit` None where none).

    `instance` tells equal properties of one device apart (`l1`, `0`, `left`), None when there is
    only one. `value` is a number, boolean, text or list; never None (unknown is no reading).
    """

    property: str
    value: Any
    unit: str | None = None
    instance: str | None = None


class Entity(Struct, frozen=True, omit_defaults=True):
    """One thing a device can report or be told, as its discovery announces it.

    `config` is what else the announcement says of it, in the firmware's own words.
    """

    property: str
    instance: str | None = None
    component: str | None = None
    unit: str | None = None
    name: str | None = None
    settable: bool = False
    values: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    config: dict[str, Any] = {}


class Announcement(Struct, frozen=True, omit_defaults=True):
    """A device as a discovery message or device list names it."""

    device: str
    key: str
    name: str = ""
    manufacturer: str = ""
    model: str = ""
    entities: tuple[Entity, ...] = ()
    removed: bool = False


class Decoded(Struct, omit_defaults=True, kw_only=True, gc=False):
    """What a firmware profile made of one message; field names are those of `hearth decode`.

    `device` is the id the firmware itself uses, `key` the stable `FIRMWARE:ID`. `channel` is one
    of state, telemetry, availability, event, command-result, discovery, info, log, command.
    `available` is the device's availability if the message told it; `ts` the payload's own time
    (epoch seconds) where the firmware sends one. `devices` are announced devices, `cascade`
    says that `available` False holds for every device behind this one (a bridge). `former` is what
    the topic was taken for before discovery told better: a key and its (property, instance) pairs.
    `via` is the key of the bridge that the device is behind.
    """

    firmware: str
    device: str
    channel: str
    key: str = ""
    readings: list[Reading] = []
    available: bool | None = None
    cascade: bool = False
    behind: list[str] = []
    entities: list[Entity] = []
    devices: list[Announcement] = []
    ok: bool | None = None
    error: str | None = None
    transaction: Any = None
    removed: bool | None = None
    parse_error: bool | None = None
    ts: float | None = None
    details: dict[str, Any] = {}
    former: tuple[str, frozenset[tuple[str, str | None]]] | None = None
    via: str = ""


class Command(Struct, frozen=True, omit_defaults=True):
    """What a device is told: properties to `set` in canonical units, and/or one action to `do`.

    `do` is one of turn_on, turn_off, toggle, open, close, stop, identify, activate, lock, unlock
    or a verb the profile knows; `transition` is in seconds; `raw` is sent past the profile.
    """

    set: dict[str, Any] = {}
    do: str | None = None
    instance: str | None = None
    transition: float | None = None
    raw: dict[str, Any] | None = None


class Publication(Struct, frozen=True):
    """One MQTT message to send; `payload` is what goes on the wire."""

    topic: str
    payload: bytes | str
    qos: int = 0
    retain: bool = False


class Change(Struct, frozen=True, gc=False):
    """A reading as the registry took it in: the value now, and the one before.

    `known` is False for a first value (then `previous` is None). `momentary` properties
    (`action`) happen rather than last. `retained` came as the broker's kept message.
    """

    key: str
    device: str
    property: str
    instance: str | None
    value: Any
    previous: Any
    known: bool
    ts: float
    unit: str | None = None
    momentary: bool = False
    retained: bool = False
