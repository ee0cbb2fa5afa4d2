"""List the devices: what they are, where, and what they last reported."""

import time

import click

from edge_agent.cli.group import verb
from edge_agent.cli.options import DURATION
from edge_agent.cli.shell import Shell
from schemas.api import DeviceView, PropertyView

COLUMNS = ("name", "area", "state", "seen", "reports", "model")


@verb
@click.argument("name", required=False)
@click.option("--unknown", is_flag=True, help="Only those devices.yaml does not name.")
@click.option("--scan", type=DURATION, help="First listen for a while (30s) to every topic.")
def command(shell: Shell, name: str | None, unknown: bool, scan: float | None) -> None:
    """List the devices: what they are, where, and what they last reported.

    With NAME (a part of a name, key or area) only those that match.
    """
    with shell.agent() as agent:
        if scan:
            agent.discover(on=True)
            shell.wait(scan, "listening for devices")
            agent.discover(on=False)
        found = [device for device in agent.devices() if _matches(device, name, unknown)]
    shell.show(found, lambda: shell.table(COLUMNS, [_row(shell, device) for device in found]))


def _matches(device: DeviceView, name: str | None, unknown: bool) -> bool:
    if unknown and (device.area or device.labels or device.aliases):
        return False
    text = f"{device.name} {device.key} {device.area or ''} {' '.join(device.aliases)}"
    return name is None or name.lower() in text.lower()


def _row(shell: Shell, device: DeviceView) -> tuple[str, ...]:
    state = {True: "online", False: "offline", None: ""}[device.available]
    seen = f"{_ago(time.time() - device.last_seen.timestamp())} ago" if device.last_seen else ""
    reports = ", ".join(_property(p) for p in device.properties[:6])
    more = " …" if len(device.properties) > 6 else ""
    return (device.name, device.area or "", state, seen, reports + more, device.model)


def _property(property: PropertyView) -> str:
    instance = f".{property.instance}" if property.instance else ""
    unit = f" {property.unit}" if property.unit else ""
    return f"{property.property}{instance} {property.value}{unit}"


def _ago(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{max(0, int(seconds))}s"
