"""Commands to devices: sent and noted as effects, and confirmed by what the devices report."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from flows.matching import number
from pipelines.ports import Devices, Slots
from pipelines.scope import Scope
from pipelines.step import Await, Listen, StepFailed, Steps
from pipelines.tools import Tools
from pipelines.trigger import Arm, Fire, OnReading, Watch
from schemas.device import Change, Command
from schemas.event import Event

VERB_STATES = {
    "turn_on": "on",
    "turn_off": "off",
    "open": "open",
    "close": "closed",
    "lock": "locked",
    "unlock": "unlocked",
}
"""The state a device reports after an action that has one."""

_NEAR = {"color_temp": 15.0}
_AS_NEAR_AS = 1.0  # percent, degrees: devices count in coarser steps, and round


def named(devices: Any, registry: Devices) -> Sequence[str]:
    """The devices a selector stands for; plain names are taken as they are."""
    if isinstance(devices, str) and "*" not in devices:
        return [devices]
    if isinstance(devices, list) and not any("*" in name for name in devices):
        return devices
    return registry.keys(devices)


def send_commands(commands: Iterable[tuple[str, Command]], scope: Scope, tools: Tools) -> Steps:
    """Send each device its command; one that cannot be told does not keep it from the others.

    Raises:
        StepFailed: some could not be told; the text says which and why.
    """
    registry, now, failures = tools.ports.devices, tools.ports.clock.now, []
    for device, command in commands:
        told = msgspec.to_builtins(command)
        if not scope.act(tools.path, "device", registry.name(device), told, now()):
            continue
        try:
            sending = registry.command(device, command, scope.run_id)
            if sending is not None:
                yield Await(sending)
        except (LookupError, OSError) as error:
            failures.append(str(error))
    if failures:
        raise StepFailed("; ".join(failures))
    return None


def expected(command: Command) -> dict[str, Any]:
    """The properties a device reports once it has followed a command."""
    if command.do in VERB_STATES:
        return {"state": VERB_STATES[command.do], **command.set}
    return command.set


def confirm(
    missing: dict[tuple[str, str], Any], instance: str | None, until: float, tools: Tools
) -> Steps:
    """Wait until each device has reported each property as wanted.

    Raises:
        StepFailed: one has not in time; the text tells what it reported instead.
    """
    reported: dict[tuple[str, str], Any] = {}
    arm = _reports(missing, reported, instance, tools.ports.devices)
    if missing and (yield Listen([("report", arm)], until, tools.path)) is None:
        raise StepFailed("; ".join(_complaint(key, missing, reported) for key in missing))
    return None


def is_near(value: Any, wanted: Any, property: str) -> bool:
    """Whether a reported value is the one set, as exactly as devices count."""
    found, target = number(value), number(wanted)
    if found is None or target is None:
        return bool(value == wanted)
    return abs(found - target) <= _NEAR.get(property, _AS_NEAR_AS)


def _reports(
    missing: dict[tuple[str, str], Any],
    reported: dict[tuple[str, str], Any],
    instance: str | None,
    registry: Devices,
) -> Arm:
    def arm(fire: Fire, slots: Slots, scope: Scope) -> list[Watch]:
        def watch(key: tuple[str, str]) -> Callable[[Change, Event], None]:
            def see(change: Change, event: Event) -> None:
                if key not in missing or (instance is not None and change.instance != instance):
                    return
                reported[key] = change.value
                if is_near(change.value, missing[key], change.property):
                    del missing[key]
                if not missing:
                    fire({}, event)

            return see

        return [
            OnReading(registry.select(device), property, watch((device, property)), every=True)
            for device, property in missing
        ]

    return arm


def _complaint(
    key: tuple[str, str], missing: dict[tuple[str, str], Any], reported: dict[tuple[str, str], Any]
) -> str:
    device, property = key
    answer = f"it reported {reported[key]!r}" if key in reported else "it reported nothing"
    return f"{device} did not report {property} {missing[key]!r} in time: {answer}"
