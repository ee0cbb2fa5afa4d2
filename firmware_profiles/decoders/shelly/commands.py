"""Commands to a Shelly, by its generation."""

from __future__ import annotations

from firmware_profiles.contract import Unsupported
from firmware_profiles.decoders.shelly import gen1, rpc
from firmware_profiles.decoders.shelly.devices import Devices
from schemas.device import Command, Publication


def encode(devices: Devices, device: str, command: Command, id: int) -> list[Publication]:
    """The messages of a command; `id` numbers a gen2+ request.

    Raises:
        Unsupported: a property or verb that no Shelly has.
    """
    if command.raw is None and not command.set and command.do is None:
        raise Unsupported(f"the command to {device} says nothing: give `set` or `do`")
    if devices.generation(device) == 1:
        return gen1.encode(devices, device, command)
    return rpc.encode(devices, device, command, id)
