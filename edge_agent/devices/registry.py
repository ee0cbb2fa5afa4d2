"""The device registry: takes in what messages say, answers what is known, sends commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from edge_agent.devices.availability import Availability
from edge_agent.devices.device import Device, Slot, Value, restored
from edge_agent.devices.directory import Directory, Selector
from edge_agent.devices.patience import Patience
from edge_agent.ledger.records import DeviceRow, Latest
from firmware_profiles.vocabulary import MOMENTARY
from schemas.device import Announcement, Change, Command, Decoded, Publication
from schemas.event import Event
from schemas.settings import DeviceSettings

Encode = Callable[[str, str, Command], list[Publication]]
Send = Callable[[Publication, int], None]

_DEVICES_MAX = 20_000  # what floods the broker must not fill the memory
_VALUES_MAX = 1_000
_VERB_STATES = {
    "turn_on": "on", "turn_off": "off", "open": "open", "close": "closed",
    "lock": "locked", "unlock": "unlocked",
}  # fmt: skip


class Registry:
    """Every device of the home, reported and desired; implements `pipelines.ports.Devices`.

    `encode` makes messages of a command (`Profiles.encode`), `send` sends one for a run;
    `patience` says how long devices may be silent.
    """

    def __init__(
        self,
        settings: Mapping[str, DeviceSettings],
        *,
        encode: Encode,
        send: Send,
        patience: Patience = Patience(),  # noqa: B008 (it has no state)
    ) -> None:
        self.directory = Directory(settings)
        self._devices = self.directory.devices
        self._encode = encode
        self._send = send
        self._dirty: set[str] = set()
        self.availability = Availability(self._devices, self._dirty, patience)

    def describe(self, settings: Mapping[str, DeviceSettings]) -> None:
        """Take what the user says of devices anew."""
        self.directory.describe(settings)
        self._dirty.update(self._devices)

    def apply(self, decoded: Decoded, event: Event) -> list[Change]:
        """Take in a message: what it changed, or said again, in the payload's order."""
        key = decoded.key
        device = self._devices.get(key)
        if device is None:
            device = self._met(decoded)
            if device is None:
                return []
            key = device.key
        ts, retained = decoded.ts, event.retain
        if ts is None:
            ts = event.ts
        if ts > event.received:
            ts = event.received
        if not retained or decoded.ts is not None:
            device.last_seen = ts
            device.heard = ts if retained else event.received
            device.unheard = 0.0
        self._dirty.add(key)
        if decoded.former is not None:
            self._left(key, *decoded.former)
        changes: list[Change] = []
        if readings := decoded.readings:
            add, name = changes.append, device.name
            values, inverted, desired = device.values, device.inverted, device.desired
            for reading in readings:
                property, instance, value = reading.property, reading.instance, reading.value
                if inverted and property in inverted and value.__class__ is bool:
                    value = not value
                slot = property if instance is None else (property, instance)
                momentary = property in MOMENTARY
                entry = values.get(slot)
                if entry is None:
                    if len(values) >= _VALUES_MAX:
                        continue
                    values[slot] = Value(value, ts, reading.unit)
                    previous, known = None, False
                else:
                    previous, known = entry.value, True
                    if previous != value:
                        entry.value = value
                        entry.since = ts
                    elif retained:
                        continue
                add(
                    Change(
                        key, name, property, instance, value, previous, known, ts,
                        reading.unit, momentary, retained,
                    )
                )  # fmt: skip
                if desired and slot in desired:
                    device.reached(slot, value, ts)
        if decoded.devices:
            changes += self._announced(decoded, ts, retained)
        if decoded.via in self._devices and device.bridge is None:
            changes += self.availability.behind(device, decoded.via, ts, retained)
        if decoded.available is not None:
            changes += self.availability.told(device, decoded, ts, retained)
        if device.silent is not False:
            changes += self.availability.judge(device, event.received)
        if decoded.removed and self.directory.remove(key):
            self._dirty.discard(key)
        return changes

    def select(self, devices: Selector) -> Callable[[str], bool]:
        """A test of device keys for a `device:` selector; follows renames and new devices."""
        return self.directory.select(devices)

    def keys(self, devices: Selector | None = None) -> list[str]:
        """The keys of the known devices a selector names (all without one)."""
        return self.directory.keys(devices)

    def get(self, device: str) -> Device | None:
        """The one device of a name, alias or key; None when nobody or several go by it."""
        found = self._devices.get(device)
        if found is not None:
            return found
        keys = self.directory.named(device)
        return self._devices.get(keys[0]) if len(keys) == 1 else None

    def name(self, device: str) -> str:
        """What users call a device given by name, alias or key; unknown ones as given."""
        found = self.get(device)
        return device if found is None else found.name

    def value(self, device: str, property: str, instance: str | None = None) -> Any:
        """The last reported value; None when nothing is known. `available` is a property."""
        found = self.get(device)
        if found is None:
            return None
        if property == "available":
            return found.available
        entry = found.found(property, instance)
        return None if entry is None else entry.value

    def since(self, device: str, property: str, instance: str | None = None) -> float | None:
        """When the property took its present value (epoch seconds); None: nothing is known."""
        found = self.get(device)
        entry = found.found(property, instance) if found is not None else None
        return None if entry is None else entry.since

    def command(self, device: str, command: Command, run: int = 0) -> None:
        """Encode by the device's profile and send.

        Raises:
            LookupError: no such device, or its firmware cannot do this; the text says which.
        """
        found = self.directory.find(device)
        if found.inverted and command.set:
            command = _uninverted(command, found.inverted)
        for publication in self._encode(found.firmware, found.id, command):
            self._send(publication, run)
        for slot, value in _desired(command):
            found.desired[found.slot(slot)] = value
        self._dirty.add(found.key)

    def complaint(self, selector: Selector) -> str:
        """What `hearth check` says of a selector that names nobody, or several by one name."""
        names = [selector] if isinstance(selector, str) else selector
        if isinstance(names, dict):
            return "" if self.keys(names) else "no device has this label or area yet"
        texts = (self.directory.complaint(each) for each in names if not self.keys(each))
        return "; ".join(text for text in texts if text)

    def rows(self) -> list[DeviceRow]:
        """Every device as the ledger keeps it."""
        return [device.row() for device in self._devices.values()]

    def changed_rows(self) -> list[DeviceRow]:
        """The devices that changed since the last call."""
        rows = [self._devices[key].row() for key in self._dirty if key in self._devices]
        self._dirty.clear()
        return rows

    def restore(self, rows: Iterable[DeviceRow]) -> None:
        """Take up what the ledger kept."""
        for row in rows:
            self.directory.add(restored(row))

    def recall(self, latest: Iterable[Latest]) -> None:
        """Take up the last recorded readings; the rows may be older."""
        for each in latest:
            device = self._devices.get(each.device_key)
            if device is None:
                firmware, _, id = each.device_key.partition(":")
                device = self.directory.add(Device(each.device_key, firmware, id))
            if each.property == "available":
                self.availability.recall(device, bool(each.value))
            slot = each.property if each.instance is None else (each.property, each.instance)
            entry = device.values.get(slot)
            if entry is None or entry.value != each.value:
                device.values[slot] = Value(each.value, each.ts, each.unit)

    def _met(self, decoded: Decoded) -> Device | None:
        """The device of a key not known as such; a mere command or removal makes none."""
        if not decoded.key:
            return None
        device = self.directory.called(decoded.key, decoded.firmware, decoded.device)
        mute = decoded.channel == "command" or decoded.removed
        if device is not None or mute or len(self._devices) >= _DEVICES_MAX:
            return device
        return self.directory.add(Device(decoded.key, decoded.firmware, decoded.device))

    def _left(self, key: str, before: str, slots: Iterable[tuple[str, str | None]]) -> None:
        """A topic was taken for something else before: what is left of that goes."""
        device = self._devices.get(before)
        if device is None:
            return
        for property, instance in slots:
            device.values.pop(property if instance is None else (property, instance), None)
        empty = before != key and not device.values.keys() - {"available"}
        if empty and self.directory.remove(before):
            self._dirty.discard(before)
        else:
            self._dirty.add(before)

    def _announced(self, decoded: Decoded, ts: float, retained: bool) -> list[Change]:
        changes: list[Change] = []
        for announcement in decoded.devices:
            if not announcement.removed:
                device = self._introduce(announcement, decoded.firmware)
                if decoded.via and device.bridge is None:
                    changes += self.availability.behind(device, decoded.via, ts, retained)
            elif self.directory.remove(announcement.key):
                self._dirty.discard(announcement.key)
        return changes

    def _introduce(self, announcement: Announcement, firmware: str) -> Device:
        key, directory = announcement.key, self.directory
        device = self._devices.get(key) or directory.add(Device(key, firmware, announcement.device))
        by_name = f"{firmware}:{announcement.device}"
        if by_name != key and by_name in self._devices:
            directory.move(by_name, device)
        if device.id != announcement.device:
            directory.rename(device, announcement.device)
        device.describe(announcement)
        self._dirty.add(key)
        return device


def _desired(command: Command) -> list[tuple[Slot, Any]]:
    wanted = dict(command.set)
    if command.do in _VERB_STATES:
        wanted["state"] = _VERB_STATES[command.do]
    instance = command.instance
    return [
        (property if instance is None else (property, instance), value)
        for property, value in wanted.items()
    ]


def _uninverted(command: Command, inverted: frozenset[str]) -> Command:
    wanted = {
        property: not value if property in inverted and isinstance(value, bool) else value
        for property, value in command.set.items()
    }
    return Command(wanted, command.do, command.instance, command.transition, command.raw)
