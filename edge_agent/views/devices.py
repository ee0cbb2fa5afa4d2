"""The device registry as the API shows it."""

from __future__ import annotations

from collections.abc import Sequence

from edge_agent.devices.device import Device
from edge_agent.devices.registry import Registry
from edge_agent.gateway.live import moment
from schemas.api import DeviceView, PropertyView
from schemas.device import Command


class DevicesView:
    """Implements `edge_agent.gateway.ports.Devices`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def all(self) -> Sequence[DeviceView]:
        """Every device, by name."""
        devices = self._registry.directory.devices.values()
        return [self._view(device) for device in sorted(devices, key=lambda device: device.name)]

    async def one(self, device: str) -> DeviceView:
        """One device by name, alias or key."""
        return self._view(self._registry.directory.find(device))

    async def command(self, device: str, command: Command) -> None:
        """Encode by the device's profile and send."""
        self._registry.command(device, command)

    def _view(self, device: Device) -> DeviceView:
        return DeviceView(
            key=device.key,
            name=device.name,
            firmware=device.firmware,
            manufacturer=device.manufacturer,
            model=device.model,
            area=device.area,
            labels=dict(device.labels),
            aliases=list(self._registry.directory.aliases(device)),
            available=device.available,
            last_seen=None if device.last_seen is None else moment(device.last_seen),
            properties=[
                PropertyView(
                    slot if isinstance(slot, str) else slot[0],
                    known.value,
                    known.unit,
                    None if isinstance(slot, str) else slot[1],
                    moment(known.since),
                    device.desired.get(slot),
                )
                for slot, known in device.values.items()
            ],
        )
