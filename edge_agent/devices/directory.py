"""Names of devices: who is meant by a name, alias, key, glob, list, label or area."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from edge_agent.devices.device import Device
from schemas.fields import seconds
from schemas.settings import DeviceSettings

Selector = str | list[str] | dict[str, str]


class Directory:
    """The devices by key, and by every name they go by; `version` grows when that changes."""

    def __init__(self, settings: Mapping[str, DeviceSettings]) -> None:
        self.version = 0
        self.devices: dict[str, Device] = {}
        self._settings = {entry.key: (name, entry) for name, entry in settings.items()}
        self._names: dict[str, list[str]] | None = None
        self._moved: dict[str, str] = {}
        for name, entry in settings.items():
            firmware, _, id = entry.key.partition(":")
            self.add(Device(entry.key, firmware, id or name))

    def describe(self, settings: Mapping[str, DeviceSettings]) -> None:
        """Take what the user says of devices anew; those no longer mentioned stay known."""
        before = self._settings.keys()
        self._settings = {entry.key: (name, entry) for name, entry in settings.items()}
        for old, new in self._moved.items():
            if old in self._settings:
                self._settings.setdefault(new, self._settings[old])
        for key in before - self._settings.keys():
            if (device := self.devices.get(key)) is not None:
                device.area, device.labels, device.inverted = None, {}, frozenset()
                device.silent_after = None
        for key in self._settings.keys() - self.devices.keys() - self._moved.keys():
            firmware, _, id = key.partition(":")
            self.add(Device(key, firmware, id or self._settings[key][0]))
        for device in self.devices.values():
            self._settle(device)

    def add(self, device: Device) -> Device:
        """Take in a device under its key, with what the user says of it."""
        self.devices[device.key] = device
        self._settle(device)
        return device

    def remove(self, key: str) -> bool:
        """Forget a device; one that the user named stays known."""
        if key in self._settings or self.devices.pop(key, None) is None:
            return False
        self.touch()
        return True

    def move(self, old: str, device: Device) -> None:
        """Merge what is known under `old` into a device; `old` goes on naming it."""
        former = self.devices.pop(old, None)
        if former is not None:
            device.absorb(former)
        if old in self._settings and device.key not in self._settings:
            self._settings[device.key] = self._settings[old]
        self._moved[old] = device.key
        self._settle(device)

    def touch(self) -> None:
        """Forget what was worked out from names."""
        self._names = None
        self.version += 1

    def rename(self, device: Device, id: str) -> None:
        """The firmware calls the device something else now."""
        device.id = id
        self._settle(device)

    def named(self, name: str) -> list[str]:
        """The keys of the devices that go by a name; more than one: it is ambiguous."""
        if name in self.devices:
            return [name]
        if name in self._moved:
            return [self._moved[name]]
        if self._names is None:
            self._names = self._index()
        return self._names.get(name, [])

    def called(self, key: str, firmware: str, id: str) -> Device | None:
        """A device by a former key, or by the name its firmware has for it."""
        if key in self._moved:
            return self.devices.get(self._moved[key])
        for device in self.devices.values():
            if device.id == id and device.firmware == firmware:
                self._moved[key] = device.key
                return device
        return None

    def find(self, name: str) -> Device:
        """The one device of a name.

        Raises:
            LookupError: nobody goes by it, or several do; the text says who.
        """
        keys = self.named(name)
        if len(keys) == 1:
            return self.devices[keys[0]]
        raise LookupError(self.complaint(name))

    def complaint(self, name: str) -> str:
        """What is wrong with a name that does not mean one device; empty when it does."""
        keys = self.named(name)
        if len(keys) == 1:
            return ""
        if keys:
            return f"the name `{name}` is ambiguous: {', '.join(sorted(keys))}"
        near = get_close_matches(name, self.names(), 1)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        return f"there is no device `{name}`{hint}"

    def names(self) -> list[str]:
        """Every name, alias and key."""
        if self._names is None:
            self._names = self._index()
        return sorted({*self._names, *self.devices})

    def aliases(self, device: Device) -> Sequence[str]:
        """The other names that the user gave a device."""
        _, entry = self._settings.get(device.key, ("", None))
        return entry.aliases if entry else ()

    def keys(self, selector: Selector | None) -> list[str]:
        """The keys that a selector names now; ambiguous and unknown names mean nobody."""
        if selector is None:
            return list(self.devices)
        if isinstance(selector, dict):
            return [key for key, device in self.devices.items() if _fits(device, selector)]
        if isinstance(selector, list):
            return list(dict.fromkeys(key for each in selector for key in self.keys(each)))
        exact = self.named(selector)
        if exact or "*" not in selector:
            return exact if len(exact) == 1 else []
        return self._globbed(selector)

    def select(self, selector: Selector) -> Callable[[str], bool]:
        """A test of keys that follows renames and new devices."""
        version, chosen = -1, frozenset[str]()

        def test(key: str) -> bool:
            nonlocal version, chosen
            if version != self.version:
                version, chosen = self.version, frozenset(self.keys(selector))
            return key in chosen

        return test

    def _settle(self, device: Device) -> None:
        name, entry = self._settings.get(device.key, (device.id, None))
        device.name = name
        if entry is not None:
            device.area, device.labels = entry.area, entry.labels
            device.inverted = frozenset(entry.inverted)
            after = entry.silent_after
            device.silent_after = None if after is None else seconds(after)
        self.touch()

    def _index(self) -> dict[str, list[str]]:
        index: dict[str, list[str]] = {}
        for key, device in self.devices.items():
            for name in {device.name, *self.aliases(device)}:
                index.setdefault(name, []).append(key)
        for key, device in self.devices.items():  # the firmware's name, where nobody else has it
            if device.id not in index:
                index[device.id] = [key]
        return index

    def _globbed(self, pattern: str) -> list[str]:
        return [
            key
            for key, device in self.devices.items()
            if any(fnmatchcase(name, pattern) for name in (device.name, *self.aliases(device), key))
        ]


def _fits(device: Device, selector: Mapping[str, str]) -> bool:
    for kind, wanted in selector.items():
        if kind == "area":
            if device.area != wanted:
                return False
        elif kind == "label":
            name, equals, value = wanted.partition("=")
            held = device.labels.get(name.strip())
            if held is None or (equals and held != value.strip()):
                return False
        else:
            return False
    return bool(selector)
