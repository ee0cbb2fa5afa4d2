"""Devices in memory, as they were reported, for engines without an agent around them."""

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct

from schemas.device import Change, Command

Selector = str | list[str] | dict[str, str]


class KnownDevice(Struct, frozen=True):
    """What is known of a device beside its readings."""

    area: str = ""
    labels: dict[str, str] = {}
    aliases: tuple[str, ...] = ()


class MemoryDevices:
    """Devices as they were reported (`pipelines.ports.Devices`).

    A device is known once it is declared or has reported; its key is its name. Commands are
    noted, and accepted by every device.
    """

    def __init__(
        self, now: Callable[[], float], known: Mapping[str, KnownDevice] | None = None
    ) -> None:
        self._now = now
        self._known: dict[str, KnownDevice] = dict(known or {})
        self._values: dict[tuple[str, str, str | None], tuple[Any, float]] = {}
        self.commands: list[tuple[str, Command]] = []

    def report(
        self,
        device: str,
        property: str,
        value: Any,
        *,
        instance: str | None = None,
        retained: bool = False,
    ) -> Change:
        """Take in a reading; the change it makes, as the registry of an agent tells it."""
        device = self.name(device)
        self._known.setdefault(device, KnownDevice())
        place = (device, property, instance)
        known, previous = place in self._values, self._values.get(place, (None, 0.0))[0]
        if not known or previous != value:
            self._values[place] = (value, self._now())
        return Change(
            device, device, property, instance, value, previous, known, self._now(),
            None, property == "action", retained,
        )  # fmt: skip

    def select(self, devices: Selector) -> Callable[[str], bool]:
        """A test of device keys for a selector."""
        return lambda key: self._is(key, devices)

    def keys(self, devices: Selector | None = None) -> list[str]:
        """The keys of the known devices a selector names."""
        return [key for key in self._known if devices is None or self._is(key, devices)]

    def name(self, device: str) -> str:
        """The name of a device given by name or alias."""
        if device in self._known:
            return device
        return next((n for n, known in self._known.items() if device in known.aliases), device)

    def value(self, device: str, property: str, instance: str | None = None) -> Any:
        """The last reported value; without an instance that of any when there is no other."""
        found = self._found(device, property, instance)
        return None if found is None else found[0]

    def since(self, device: str, property: str, instance: str | None = None) -> float | None:
        """When the property took its present value."""
        found = self._found(device, property, instance)
        return None if found is None else found[1]

    def command(self, device: str, command: Command, run: int = 0) -> None:
        """Note a command."""
        self.commands.append((self.name(device), command))

    def _found(self, device: str, property: str, instance: str | None) -> tuple[Any, float] | None:
        device = self.name(device)
        if instance is not None or (device, property, None) in self._values:
            return self._values.get((device, property, instance))
        places = (p for p in self._values if p[:2] == (device, property))
        return next((self._values[place] for place in places), None)

    def _is(self, key: str, devices: Selector) -> bool:
        if isinstance(devices, list):
            return any(self._is(key, each) for each in devices)
        if isinstance(devices, str):
            names = (key, *self._known.get(key, KnownDevice()).aliases)
            return any(name == devices or fnmatchcase(name, devices) for name in names)
        known = self._known.get(key, KnownDevice())
        if "area" in devices and devices["area"] != known.area:
            return False
        name, equals, value = devices.get("label", "").partition("=")
        held = known.labels.get(name)
        return not name or (held is not None and (not equals or held == value))
