"""One device as the registry keeps it: who it is, what it reported, what it was told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import astuple

from edge_agent.ledger.records import DeviceRow
from firmware_profiles.units import number
from schemas.device import Announcement, Entity

Slot = str | tuple[str, str]
SETTLING = 10.0
_SEPARATOR = "\x1f"  # between property and instance in the stored state


class Value(Struct, gc=False):
    """What a device last said of one property, since when (epoch seconds), and in which unit."""

    value: Any
    since: float
    unit: str | None = None


class Device:
    """A device; `values` and `desired` are by property, or (property, instance).

    `differs` is since when it reports otherwise than desired. `own` is the availability the device
    told itself, `bridge` that of the bridge it is behind; None is not known. `silent` is whether it
    has been silent for too long (None: nobody waits for it), `silent_after` and `expires_after` how
    many seconds that is by the user and by its announcement, `heard` when a message last came (its
    own time may be older), `unheard` how much of its silence the agent could not have heard it.
    """

    __slots__ = (
        "area", "bridge", "desired", "differs", "entities", "expires_after", "firmware", "heard",
        "id", "inverted", "key", "labels", "last_seen", "manufacturer", "model", "name", "own",
        "silent", "silent_after", "unheard", "values",
    )  # fmt: skip

    def __init__(self, key: str, firmware: str, id: str) -> None:
        self.key = key
        self.firmware = firmware
        self.id = id
        self.name = id
        self.area: str | None = None
        self.labels: Mapping[str, str] = {}
        self.inverted: frozenset[str] = frozenset()
        self.values: dict[Slot, Value] = {}
        self.desired: dict[Slot, Any] = {}
        self.differs: float | None = None
        self.own: bool | None = None
        self.bridge: bool | None = None
        self.last_seen: float | None = None
        self.heard: float | None = None
        self.silent: bool | None = None
        self.silent_after: float | None = None
        self.expires_after: float | None = None
        self.unheard = 0.0
        self.manufacturer = ""
        self.model = ""
        self.entities: tuple[Entity, ...] = ()

    @property
    def available(self) -> bool | None:
        """Whether it can be reached: not without its bridge, not when it has been silent for too
        long; else what it says itself, then whether it was heard."""
        if self.bridge is False or self.silent:
            return False
        if self.own is not None or self.silent is None:
            return self.bridge if self.own is None else self.own
        return True

    def describe(self, announcement: Announcement) -> None:
        """Take in what an announcement says; what this one leaves out stays."""
        self.id = announcement.device
        self.manufacturer = announcement.manufacturer or self.manufacturer
        self.model = announcement.model or self.model
        self.entities = announcement.entities or self.entities
        self.expires_after = _longest_expiry(self.entities)

    def found(self, property: str, instance: str | None) -> Value | None:
        """A value's entry; without an instance the only one there is."""
        if instance is not None:
            return self.values.get((property, instance))
        entry = self.values.get(property)
        if entry is not None:
            return entry
        return self.values.get(self.slot(property))

    def slot(self, slot: Slot) -> Slot:
        """Where a value is kept: without an instance, that of the only one there is."""
        if slot in self.values or not isinstance(slot, str):
            return slot
        several = [each for each in self.values if each.__class__ is tuple and each[0] == slot]
        return several[0] if len(several) == 1 else slot

    def reached(self, slot: Slot, value: Any, ts: float) -> None:
        """Compare a report with what was desired; given up after `SETTLING` seconds."""
        if _alike(self.desired[slot], value):
            del self.desired[slot]
            return
        self.differs = ts if self.differs is None else self.differs
        if ts - self.differs > SETTLING:
            self.desired.clear()
            self.differs = None

    def absorb(self, other: Device) -> None:
        """Take over what was known of the same device under another key."""
        for slot, entry in other.values.items():
            self.values.setdefault(slot, entry)
        self.desired = {**other.desired, **self.desired}
        self.own = other.own if self.own is None else self.own
        self.bridge = other.bridge if self.bridge is None else self.bridge
        self.last_seen = max(self.last_seen or 0.0, other.last_seen or 0.0) or None

    def row(self) -> DeviceRow:
        """What the ledger keeps."""
        state = {
            "id": self.id,
            "manufacturer": self.manufacturer,
            "model": self.model,
            "values": {_text(slot): astuple(entry) for slot, entry in self.values.items()},
            "desired": {_text(slot): value for slot, value in self.desired.items()},
            "own": self.own,
            "bridge": self.bridge,
            "heard": self.heard,
            "silent": self.silent,
            "unheard": self.unheard,
        }
        return DeviceRow(
            key=self.key,
            name=self.name,
            firmware=self.firmware,
            area=self.area,
            labels=dict(self.labels),
            available=self.available,
            last_seen=self.last_seen,
            state=state,
        )


def _longest_expiry(entities: tuple[Entity, ...]) -> float | None:
    """Home Assistant's `expire_after` (seconds); a device is there while one entity is."""
    told = (number(entity.config.get("expire_after")) for entity in entities)
    return max((seconds for seconds in told if seconds), default=None)


def _alike(desired: Any, value: Any) -> bool:
    if isinstance(desired, bool) or isinstance(value, bool):
        return bool(desired == value)
    if isinstance(desired, int | float) and isinstance(value, int | float):
        return abs(desired - value) <= max(1.0, abs(desired) / 100)  # a dimmer has 254 steps
    return bool(desired == value)


def restored(row: DeviceRow) -> Device:
    """The device of a row."""
    state = row.state if isinstance(row.state, dict) else {}
    device = Device(row.key, row.firmware, state.get("id") or row.name)
    device.values = {_slot(text): Value(*entry) for text, entry in state.get("values", {}).items()}
    device.desired = {_slot(text): value for text, value in state.get("desired", {}).items()}
    device.own, device.bridge = state.get("own"), state.get("bridge")
    device.manufacturer, device.model = state.get("manufacturer", ""), state.get("model", "")
    device.last_seen = row.last_seen
    device.heard = state.get("heard", row.last_seen)
    device.silent, device.unheard = state.get("silent"), state.get("unheard", 0.0)
    return device


def _text(slot: Slot) -> str:
    return slot if isinstance(slot, str) else _SEPARATOR.join(slot)


def _slot(text: str) -> Slot:
    property, separator, instance = text.partition(_SEPARATOR)
    return (property, instance) if separator else property
