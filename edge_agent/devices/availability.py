"""Whether devices are there: what they say, what their bridge says, and what their silence says."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.devices.device import Device, Value
from edge_agent.devices.patience import Patience
from schemas.device import Change, Decoded


class Availability:
    """Judges the devices of a registry; the keys of those that changed are added to `dirty`."""

    def __init__(self, devices: Mapping[str, Device], dirty: set[str], patience: Patience) -> None:
        self._devices = devices
        self._dirty = dirty
        self._patience = patience

    def told(self, device: Device, decoded: Decoded, ts: float, retained: bool) -> list[Change]:
        """A message says whether its device is there, and for a bridge those behind it."""
        before, device.own = device.available, decoded.available
        changes = _available(device, before, ts, retained)
        for key in decoded.behind if decoded.cascade else ():
            behind = self._devices.get(key)
            if behind is not None:
                before, behind.bridge = behind.available, decoded.available
                self._dirty.add(key)
                changes += _available(behind, before, ts, retained)
        return changes

    def behind(self, device: Device, via: str, ts: float, retained: bool) -> list[Change]:
        """A device met after its bridge has told whether it is there."""
        bridge = self._devices.get(via)
        if bridge is None or bridge is device or bridge.own is None:
            return []
        before, device.bridge = device.available, bridge.own
        return _available(device, before, ts, retained)

    def judge(self, device: Device, now: float) -> list[Change]:
        """What a device's silence, or the end of it, says now."""
        silent = self._patience.silent(device, now)
        if silent is device.silent:
            return []
        before, device.silent = device.available, silent
        self._dirty.add(device.key)
        return _available(device, before, now, retained=False)

    def judge_all(self, now: float) -> list[Change]:
        """The same of every device."""
        return [change for device in self._devices.values() for change in self.judge(device, now)]

    def not_listening(self, seconds: float) -> None:
        """For so long nobody could have heard a device: this time is no silence."""
        for device in self._devices.values():
            device.unheard += seconds

    def recall(self, device: Device, available: bool) -> None:
        """Take up what was recorded of a device after its row was written."""
        if device.own is not None or device.bridge is not None:
            return
        if self._patience.limit(device):
            device.silent = not available
        else:
            device.own = available


def _available(device: Device, before: bool | None, ts: float, retained: bool) -> list[Change]:
    now = device.available
    if now is None or now == before:
        return []
    device.values["available"] = Value(now, ts)
    return [
        Change(
            device.key, device.name, "available", None, now, before, before is not None, ts,
            retained=retained,
        )
    ]  # fmt: skip
