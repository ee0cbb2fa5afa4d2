"""List the devices: what they are, where, and what they last reported."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from edge_agent.cli.group import verb
from edge_agent.cli.options import DURATION
from edge_agent.cli.shell import Shell
from schemas.api import DeviceView, PropertyView

if TYPE_CHECKING:
    from edge_agent.cli.scan import Found

FIRST = (
    "action", "occupancy", "contact", "water_leak", "smoke", "state", "brightness", "position",
    "temperature", "target_temperature", "humidity", "co2", "illuminance", "power", "energy",
)  # fmt: skip
HIDDEN = {"available", "linkquality", "color_xy", "color_hs", "color_mode"}
OWN = ("hearth/", "$")  # our own topics, and the broker's
COLUMNS = ("name", "area", "state", "seen", "reports", "model")


@verb
@click.argument("name", required=False)
@click.option("--unknown", is_flag=True, help="The topics that belong to no firmware.")
@click.option("--scan", type=DURATION, help="Listen for a while (30s) to every topic.")
def command(shell: Shell, name: str | None, unknown: bool, scan: float | None) -> None:
    """List the devices: what they are, where, and what they last reported.

    With NAME (a part of a name, key or area) only those that match. Messages of no firmware that
    the agent knows are counted by topic; `--unknown` lists them, most messages first.
    """
    if unknown:
        _tell_unknown(shell, scan)
        return
    devices = _scanned(shell, scan) if scan else _known(shell)
    found = [device for device in devices if _matches(device, name)]
    shell.show(found, lambda: _tell(shell, found, name))


def _tell(shell: Shell, found: Sequence[DeviceView], name: str | None) -> None:
    if not found:
        shell.note(f"no device has `{name}` in its name" if name else "no device has reported yet")
        return
    shell.table(COLUMNS, [_row(shell, device) for device in found])


def _known(shell: Shell) -> Sequence[DeviceView]:
    with shell.agent() as agent:
        return agent.devices()


def _tell_unknown(shell: Shell, scan: float | None) -> None:
    """Topics of no firmware; below which prefixes they are, when listening ourselves."""
    if scan:
        counts, columns = _heard(shell, scan).unknown, ("prefix", "topics")
    else:
        with shell.agent() as agent:
            topics = agent.unknown()
        counts = {topic: topics[topic] for topic in topics if not topic.startswith(OWN)}
        columns = ("topic", "messages")
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    answer = [dict(zip(columns, row, strict=True)) for row in rows]
    shell.show(answer, lambda: shell.table(columns, rows))


def _scanned(shell: Shell, seconds: float) -> Sequence[DeviceView]:
    """Listen at the broker; topics of no profile are told beside the devices."""
    found = _heard(shell, seconds)
    for prefix, topics in list(found.unknown.items())[:20]:
        shell.note(f"no profile: {topics} topics below {prefix}/")
    return found.devices


def _heard(shell: Shell, seconds: float) -> "Found":
    import asyncio

    from edge_agent.cli.reach import broker_of
    from edge_agent.cli.scan import scan

    mqtt = broker_of(shell.home, shell.settings)
    with shell.progress(f"listening for {seconds:g} s"):
        return asyncio.run(scan(shell.home, shell.settings, mqtt, seconds))


def _matches(device: DeviceView, name: str | None) -> bool:
    text = f"{device.name} {device.key} {device.area or ''} {' '.join(device.aliases)}"
    return name is None or name.lower() in text.lower()


def _row(shell: Shell, device: DeviceView) -> tuple[str, ...]:
    state = {True: "online", False: "offline", None: ""}[device.available]
    seen = f"{_ago(time.time() - device.last_seen.timestamp())} ago" if device.last_seen else ""
    reports = ", ".join(map(_property, sorted(filter(_shown, device.properties), key=_rank)[:5]))
    return (device.name, device.area or "", state, seen, reports, device.model)


def _shown(property: PropertyView) -> bool:
    return property.property not in HIDDEN


def _rank(property: PropertyView) -> int:
    name = property.property
    return FIRST.index(name) if name in FIRST else len(FIRST)


def _property(property: PropertyView) -> str:
    instance = f".{property.instance}" if property.instance else ""
    value = property.value
    if isinstance(value, bool):
        value = "yes" if value else "no"
    elif isinstance(value, float):
        value = f"{value:.6g}"
    return f"{property.property}{instance} {value}{f' {property.unit}' if property.unit else ''}"


def _ago(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{max(0, int(seconds))}s"
