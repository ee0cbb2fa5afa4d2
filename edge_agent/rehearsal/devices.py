"""Devices of a rehearsal: the agent's own registry, and devices that do what they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from edge_agent.devices.registry import Registry
from firmware_profiles.payloads import parse
from firmware_profiles.profiles import Profiles
from flows.commands import expected
from flows.wire import to_wire
from pipelines.ports import Devices
from pipelines.rehearsal import Act
from schemas.device import Command
from schemas.rehearsal import Given, GivenDevice, Report
from schemas.settings import DeviceSettings

FIRMWARE = "zigbee2mqtt"
"""What a device is whose firmware nothing tells."""

_TURNED = {"on": "off", "off": "on"}
_STATES = {"toggle", "turn_on", "turn_off"}
_MOVES = {"open", "close", "stop"}

Tell = Callable[[Report], None]


class WillingDevices:
    """The registry as the pipelines see it (`pipelines.ports.Devices`).

    A device reports what it is told as soon as it hears of it (`tell` carries the report), unless
    it is not available or the test says that it does not answer. One that the test has named can
    do only what its profile and `can` allow; any other does whatever it is told.
    """

    def __init__(self, registry: Registry, given: Mapping[str, GivenDevice], tell: Tell) -> None:
        self._registry: Devices = registry
        self._given = given
        self._tell = tell
        self.select = registry.select
        self.keys = registry.keys
        self.name = registry.name
        self.value = registry.value
        self.since = registry.since

    def command(self, device: str, command: Command, run: int = 0) -> None:
        """Tell a device something.

        Raises:
            LookupError: a device that the test has named cannot do this; the text says what.
        """
        given = self._given.get(device) or self._given.get(self.name(device))
        if given is not None:
            _insist(device, given.can, command)
            self._registry.command(device, command, run)
        if given is not None and not given.answers:
            return
        if self.value(device, "available") is False:
            return
        for property, value in self._done(device, command).items():
            self._tell(
                Report(device=device, property=property, value=value, instance=command.instance)
            )

    def _done(self, device: str, command: Command) -> Mapping[str, Any]:
        """What is so once the command is carried out."""
        if command.do != "toggle":
            return expected(command)
        state = _TURNED.get(self.value(device, "state", command.instance))
        return {**({"state": state} if state else {}), **command.set}


def _insist(device: str, can: Sequence[str] | None, command: Command) -> None:
    """Compare a command with what the test says the device can do."""
    if can is None:
        return
    for wanted in (*command.set, *([command.do] if command.do else [])):
        known = wanted in can or (wanted in _STATES and "state" in can)
        if not known and not (wanted in _MOVES and {"state", "position"} & {*can}):
            raise LookupError(f"`{wanted}` is nothing that {device} can do: {', '.join(can)}")


def settings_of(
    given: Given, home: Mapping[str, DeviceSettings], keys: Mapping[str, str]
) -> dict[str, DeviceSettings]:
    """The `devices.yaml` of a test: the home's, with what the test says laid over it."""
    devices = dict(home)
    for name, device in given.devices.items():
        base = home.get(name) or DeviceSettings(key=keys.get(name) or f"{FIRMWARE}:{name}")
        devices[name] = msgspec.structs.replace(
            base,
            key=device.key or base.key,
            area=device.area or base.area,
            labels={**base.labels, **device.labels},
            aliases=[*base.aliases, *device.aliases],
        )
    return devices


def keys_in(acts: Iterable[Act], profiles: Profiles) -> dict[str, str]:
    """The devices that the messages of a script tell of: their keys by the firmware's names."""
    keys: dict[str, str] = {}
    for act in _published(acts):
        message = act.value
        raw = to_wire("" if message.payload is None else message.payload)
        data = raw.encode() if isinstance(raw, str) else raw
        said = profiles.decode(message.topic, data, parse(data), message.retain)
        if said is None:
            continue
        keys |= {each.device: each.key for each in said.devices if not each.removed}
        if said.key and said.channel != "command":
            keys[said.device] = said.key
    return keys


def _published(acts: Iterable[Act]) -> Iterable[Act]:
    for act in acts:
        if act.kind == "publish":
            yield act
        yield from _published(act.meanwhile)
