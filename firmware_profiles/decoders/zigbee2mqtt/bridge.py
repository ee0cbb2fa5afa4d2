"""The bridge's own topics: device and group lists, state, info, events, answers, logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware_profiles.availability import Availability
from firmware_profiles.contract import TopicReader
from firmware_profiles.decoders.zigbee2mqtt import listing
from firmware_profiles.decoders.zigbee2mqtt.network import Network
from firmware_profiles.units import number
from schemas.device import Decoded, Reading
from schemas.profile import AvailableRule

_STATE = Availability(AvailableRule(path="state"))
_PLAIN = ("online", "offline")
_Fill = Callable[[Decoded, Any, Network], None]

# first words of the topic after `bridge/` (before 1.17 `bridge/config/…` and the like)
_CHANNELS = {
    "state": "availability",
    "info": "info", "config": "info", "extensions": "info", "extension": "info",
    "converters": "info", "definitions": "info", "definition": "info",
    "devices": "discovery", "groups": "discovery",
    "event": "event",
    "response": "command-result", "networkmap": "command-result",
    "logging": "log", "log": "log",
    "health": "telemetry",
    "request": "command", "bind": "command", "unbind": "command", "group": "command",
    "ota_update": "command", "device": "command", "configure": "command",
}  # fmt: skip


def reader(network: Network, rest: str, changed: Callable[[], None]) -> TopicReader:
    """A reader of the topic BASE/bridge/`rest`."""
    head, _, tail = rest.partition("/")
    channel = _CHANNELS.get(head, "info")
    if head == "config" and tail:  # the old API: requests, and the answer of devices/get
        channel = "discovery" if tail == "devices" else "command"
    if head == "networkmap" and not tail:
        channel = "command"
    fill = _FILLS.get(rest) or _FILLS.get(head) if channel != "command" else None
    object_needed = channel in ("discovery", "command-result", "event") or head == "info"

    def read(raw: bytes, payload: Any, retain: bool) -> Decoded | None:
        said = Decoded(
            firmware=network.firmware,
            device="bridge",
            channel=channel,
            key=network.bridge,
            via=network.bridge if channel == "discovery" else "",
        )
        if object_needed and raw and not isinstance(payload, dict | list):
            said.parse_error = True
        elif fill is not None:
            fill(said, payload, network)
        if channel == "discovery":
            changed()
        return said

    return read


def proves(tail: str, payload: Any) -> bool:
    """Whether a message on …/`tail` can only be Zigbee2MQTT's."""
    if tail == "bridge/state":
        return (isinstance(payload, dict) and payload.keys() == {"state"}) or payload in _PLAIN
    if tail == "bridge/info":
        return isinstance(payload, dict) and "version" in payload and "coordinator" in payload
    first = payload[0] if isinstance(payload, list) and payload else None
    key = "ieee_address" if tail == "bridge/devices" else "members"
    return isinstance(first, dict) and key in first


def _state(said: Decoded, payload: Any, network: Network) -> None:
    said.available, said.cascade = _STATE.read(payload), True
    said.behind = [member.key for member in network.members.values()]


def _info(said: Decoded, payload: Any, network: Network) -> None:
    if not isinstance(payload, dict):
        return
    version, coordinator = payload.get("version"), payload.get("coordinator")
    if isinstance(version, str):
        said.details["firmware_version"] = network.version = version
    if isinstance(coordinator, dict) and coordinator.get("ieee_address"):
        said.details["ieee_address"] = coordinator["ieee_address"]
    said.details["base_topic"] = network.base


def _devices(said: Decoded, payload: Any, network: Network) -> None:
    if isinstance(payload, list):
        members, announced = listing.devices(payload, network)
        said.devices = announced + network.announce("devices", members)


def _groups(said: Decoded, payload: Any, network: Network) -> None:
    if isinstance(payload, list):
        members, announced = listing.groups(payload, network)
        said.devices = announced + network.announce("groups", members)


def _event(said: Decoded, payload: Any, network: Network) -> None:
    if not isinstance(payload, dict):
        return
    kind, data = payload.get("type"), payload.get("data")
    if isinstance(kind, str) and kind:
        said.readings = [Reading("action", kind)]
    if isinstance(data, dict):
        said.details["data"] = data


def _response(said: Decoded, payload: Any, network: Network) -> None:
    if not isinstance(payload, dict):
        return
    if "status" in payload:
        said.ok = payload["status"] == "ok"
    if isinstance(payload.get("error"), str) and payload["error"]:
        said.error = payload["error"]
    said.transaction = payload.get("transaction")


def _health(said: Decoded, payload: Any, network: Network) -> None:
    process = payload.get("process") if isinstance(payload, dict) else None
    uptime = number(process.get("uptime_sec")) if isinstance(process, dict) else None
    if uptime is not None:
        said.readings = [Reading("uptime", uptime, "s")]


_FILLS: dict[str, _Fill] = {
    "state": _state,
    "info": _info,
    "config": _info,
    "config/devices": _devices,
    "devices": _devices,
    "groups": _groups,
    "event": _event,
    "response": _response,
    "health": _health,
}
