"""Zigbee devices behind a Tasmota bridge: attributes are states, cluster commands are actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firmware_profiles.rules import Rules, read_object
from firmware_profiles.values import text
from schemas.device import Reading

_POWER = {0: "off", 1: "on", 2: "toggle"}  # false and true as well
_KEPT = ("LinkQuality", "Battery", "BatteryVoltage", "BatteryPercentage")
_UNSAID = frozenset({"Device", "Name", "Endpoint", "Group", "ModelId", "Manufacturer", *_KEPT})


def read(name: str, payload: Mapping[str, Any], rules: Rules, readings: list[Reading]) -> bool:
    """Read one device's object. True: it told a command (`0006!02`), as remotes do."""
    if not any("!" in key for key in payload):
        read_object(payload, rules, readings)
        return False
    read_object({key: payload[key] for key in _KEPT if key in payload}, rules, readings)
    word = _action(payload)
    if word is not None:
        readings.append(Reading("action", word, None, name))
    return True


def _action(payload: Mapping[str, Any]) -> str | None:
    """What the firmware made of a command, else the command itself."""
    for key, value in payload.items():
        if key in _UNSAID or not key.isalnum():
            continue
        if key == "Power":
            return _POWER.get(value) if isinstance(value, int) else text(value)
        return key
    return next((f"{key}={payload[key]}".rstrip("=") for key in payload if "!" in key), None)
