"""What expressions can call about the home: readings, devices, memory, and the time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.functions import FUNCTIONS
from pipelines.moments import time_functions
from pipelines.ports import Ports
from pipelines.sandbox import Unknown


def home_functions(ports: Ports) -> dict[str, Callable[..., Any]]:
    """What expressions can call: the home's devices, memory and time, and plain functions."""
    zone, value, remembered = ZoneInfo(ports.home.time_zone), ports.devices.value, ports.memory.get
    clock, select = ports.clock.now, ports.devices.keys

    def reading(device: str, property: str, instance: Any = None, default: Any = ...) -> Any:
        """The last value of a device's property."""
        found = value(device, property, None if instance is None else str(instance))
        if found is not None:
            return found
        if default is ...:
            raise Unknown(f"nothing is known of `{property}` of `{device}` yet")
        return default

    def available(device: str) -> bool:
        """Whether a device can be reached, as far as is known."""
        return value(device, "available") is not False

    def devices(label: str | None = None, area: str | None = None) -> list[str]:
        """The keys of the devices with a label (`room=cellar`) or in an area."""
        if label is not None:
            return sorted(select({"label": label}))
        return sorted(select({"area": area} if area is not None else None))

    def memory(key: str, default: Any = None) -> Any:
        """A remembered value, none when unset."""
        found = remembered(key)
        return default if found is None else found

    def now() -> datetime:
        """The time in the home's zone."""
        return datetime.fromtimestamp(clock(), zone)

    return {
        **FUNCTIONS, **time_functions(zone, now), "reading": reading, "available": available,
        "devices": devices, "memory": memory,
    }  # fmt: skip
