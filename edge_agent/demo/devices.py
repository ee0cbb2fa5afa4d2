"""Recorded Zigbee2MQTT devices that play their day again and obey commands."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

BASE = "zigbee2mqtt"
COMMANDS = f"{BASE}/+/set"
DATA = Path(__file__).parent / "data"
ANSWER_SECONDS = 0.15
_ONLY_COMMANDS = {"transition", "effect"}

Send = Callable[[str, str, bool], None]
"""Publish: topic, payload, retain."""


class Line(msgspec.Struct, frozen=True):
    """One message of the recording, `at` seconds after its beginning."""

    at: float
    device: str
    payload: dict[str, Any]


class SimulatedDevices:
    """The network of `data/`: announces itself, plays its recording in a loop, obeys `/set`."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._list = (DATA / "devices.json").read_text(encoding="utf-8")
        self._states: dict[str, dict[str, Any]] = msgspec.json.decode(
            (DATA / "states.json").read_bytes()
        )
        lines = (DATA / "trace.jsonl").read_bytes().splitlines()
        self._lines = [msgspec.json.decode(line, type=Line) for line in lines]

    def announce(self) -> None:
        """What Zigbee2MQTT keeps at the broker: the bridge, its devices, how each one is."""
        self._send(f"{BASE}/bridge/state", '{"state":"online"}', True)
        self._send(f"{BASE}/bridge/devices", self._list, True)
        for device in self._states:
            self._send(f"{BASE}/{device}/availability", '{"state":"online"}', True)
            self._report(device, retain=True)

    async def play(self) -> None:
        """Play the recording again and again, each message at its time."""
        loop = asyncio.get_running_loop()
        while True:
            begun = loop.time()
            for line in self._lines:
                await asyncio.sleep(begun + line.at - loop.time())
                self._states[line.device] = line.payload
                self._report(line.device)

    def received(self, topic: str, payload: bytes) -> None:
        """Take a message from the broker; a command to a device is answered a moment later."""
        device = topic.removeprefix(f"{BASE}/").removesuffix("/set")
        if device not in self._states:
            return
        try:
            command = msgspec.json.decode(payload)
        except msgspec.DecodeError:
            return
        if isinstance(command, dict):
            loop = asyncio.get_running_loop()
            loop.call_later(ANSWER_SECONDS, self._obey, device, command)

    def _obey(self, device: str, command: dict[str, Any]) -> None:
        self._states[device] = obeyed(self._states[device], command)
        self._report(device)

    def _report(self, device: str, *, retain: bool = False) -> None:
        seen = datetime.now().astimezone().isoformat(timespec="seconds")
        payload = self._states[device] | {"last_seen": seen}
        self._send(f"{BASE}/{device}", msgspec.json.encode(payload).decode(), retain)


def obeyed(state: dict[str, Any], command: dict[str, Any]) -> dict[str, Any]:
    """A device's state after a command."""
    now = {key: value for key, value in state.items() if not key.startswith("action")}
    for key, value in command.items():
        if value == "TOGGLE":
            now[key] = "OFF" if state.get(key) == "ON" else "ON"
        elif key not in _ONLY_COMMANDS:
            now[key] = value
    if "position" in command:
        now["state"] = "OPEN" if command["position"] else "CLOSE"
    elif "position" in state and command.get("state") in ("OPEN", "CLOSE"):
        now["position"] = 100 if command["state"] == "OPEN" else 0
    return now
