"""Gen2+ messages that speak of several components: notifications, events and RPC answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from firmware_profiles.contract import TopicReader
from firmware_profiles.decoders.shelly.devices import Devices
from firmware_profiles.decoders.shelly.presses import action
from firmware_profiles.units import number
from schemas.device import Announcement, Decoded, Reading

Component = Callable[[str, str, str | None], TopicReader | None]
_STATUS = ("NotifyStatus", "NotifyFullStatus")
_WHOLE = ("sys", "wifi", "mqtt", "cloud")
_SYNCHRONISED = 1e9  # before the clock is set, `ts` counts from the start of the device
_PARTS_MAX = 200
_SOURCES_MAX = 10_000


class Notices:
    """Reads PREFIX/events/rpc and NAME/rpc; `component` makes the readers of their parts."""

    def __init__(self, firmware: str, devices: Devices, component: Component) -> None:
        self._firmware = firmware
        self._devices = devices
        self._component = component
        self._prefixes: dict[str, str] = {}

    def reader(self, topic: str) -> TopicReader | None:
        """A reader of one topic that ends in `/rpc`."""
        if topic.endswith("/events/rpc"):
            return self._notified(topic.removesuffix("/events/rpc"))
        return self._called(topic.removesuffix("/rpc"))

    def _notified(self, device: str) -> TopicReader:
        """Notifications: whole status, changes and events."""
        parts: dict[str, TopicReader | None] = {}

        def read(raw: bytes, payload: Any, retain: bool) -> Decoded | None:
            params = payload.get("params") if payload.__class__ is dict else None
            if params.__class__ is not dict:
                return None
            said = self._said(device, "state")
            if len(self._prefixes) < _SOURCES_MAX and isinstance(payload.get("src"), str):
                self._prefixes[payload["src"]] = device
            ts = number(params.get("ts"))
            if ts is not None and ts > _SYNCHRONISED:
                said.ts = float(ts)
            if payload.get("method") == "NotifyEvent":
                said.channel = "event"
                self._events(said, params.get("events"), parts)
            elif payload.get("method") in _STATUS:
                self._parts(said, params, parts)
            return said

        return read

    def _called(self, name: str) -> TopicReader:
        """NAME/rpc: a request to the device of that prefix, or an answer to the caller NAME."""
        answers: dict[str, dict[str, TopicReader | None]] = {}

        def read(raw: bytes, payload: Any, retain: bool) -> Decoded | None:
            if payload.__class__ is not dict:
                return None
            if isinstance(payload.get("method"), str):
                return self._said(name, "command")
            source = payload.get("src")
            if (
                source is None
                and name.endswith("/status")
                and not payload.keys().isdisjoint(_WHOLE)
            ):
                return self._whole(name.removesuffix("/status"), payload, answers)
            if not isinstance(source, str) or not ("result" in payload or "error" in payload):
                return None
            device = self._prefixes.get(source, source)
            said = self._said(device, "command-result")
            said.transaction = payload.get("id")
            if len(answers) > _PARTS_MAX:
                answers.clear()
            self._answer(said, payload, answers.setdefault(device, {}))
            return said

        return read

    def _whole(
        self, device: str, payload: Any, answers: dict[str, dict[str, TopicReader | None]]
    ) -> Decoded:
        """PREFIX/status/rpc: a whole status, as asked for by others."""
        said = self._said(device, "state")
        self._parts(said, payload, answers.setdefault(device, {}))
        return said

    def _answer(
        self, said: Decoded, payload: Mapping[str, Any], parts: dict[str, TopicReader | None]
    ) -> None:
        error, result = payload.get("error"), payload.get("result")
        said.ok = error is None
        if error is not None:
            text = error.get("message") if isinstance(error, dict) else error
            said.error = str(text or "the device refused")
        if result.__class__ is not dict:
            return
        self._parts(said, result, parts)
        if isinstance(result.get("mac"), str) and "model" in result:
            said.details = {"mac": result["mac"], "firmware_version": result.get("ver")}
            name, model = str(result.get("name") or ""), str(result["model"])
            said.devices = [Announcement(said.device, said.key, name, "Shelly", model)]

    def _parts(
        self, said: Decoded, status: Mapping[str, Any], parts: dict[str, TopicReader | None]
    ) -> None:
        """Read every component of a status by the rules of its own topic."""
        for key, value in status.items():
            if value.__class__ is dict:
                self._part(said, key, value, parts)

    def _part(
        self, said: Decoded, key: str, value: Any, parts: dict[str, TopicReader | None]
    ) -> None:
        if key not in parts:
            if len(parts) >= _PARTS_MAX:
                return
            kind, colon, instance = key.partition(":")
            parts[key] = self._component(said.device, kind, instance if colon else None)
        reader = parts[key]
        told = reader(b"", value, False) if reader is not None else None
        if told is not None:
            said.readings = told.readings if not said.readings else said.readings + told.readings
            said.details = told.details or said.details

    def _events(self, said: Decoded, events: Any, parts: dict[str, TopicReader | None]) -> None:
        """Presses, and the beacons that Shelly's own script for BLU devices passes on."""
        readings: list[Reading] = []
        for event in events if isinstance(events, list) else ():
            if not isinstance(event, dict):
                continue
            word, data = event.get("event"), event.get("data")
            if (press := action(word)) is not None:
                instance = str(event.get("component", "")).partition(":")[2] or event.get("id")
                named = None if instance is None else str(instance)
                readings.append(Reading("action", press, None, named))
            elif word == "shelly-blu" and isinstance(data, dict):
                self._part(said, f"blu:{data.get('address', '')}", data, parts)
        said.readings = said.readings + readings

    def _said(self, device: str, channel: str) -> Decoded:
        if channel != "command":
            self._devices.hear(device, 2)
        key = f"{self._firmware}:{device}"
        return Decoded(firmware=self._firmware, device=device, channel=channel, key=key)
