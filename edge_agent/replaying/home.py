"""A home as it was at a time, in memory: what came then is played through the real engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from edge_agent.devices.registry import Registry
from edge_agent.ledger.chronicle import Happened
from edge_agent.ledger.records import DeviceRow, Latest
from firmware_profiles.payloads import parse
from flows.engine import Engine
from flows.memory import HomeMemory
from flows.rehearsal_ports import MemoryMessages, MemoryOutside, MemoryRecorder
from flows.virtual_clock import VirtualClock
from pipelines.plan import Plan
from pipelines.ports import Home, Ports
from schemas.device import Change, Decoded, Publication, Reading
from schemas.event import Event
from schemas.run import RunRecord
from schemas.settings import DeviceSettings

Compile = Callable[[Ports], Sequence[Plan]]
_SPOKEN = frozenset({"emit", "webhook", "startup", "run", "message"})
"""Channels of internal events that are dispatched by name as they were recorded."""


class Beginning(Struct, frozen=True):
    """How a home was at a time (epoch seconds): what is known of it from `devices.yaml` and the
    registry, the last readings before, and what was remembered. `names` are those of devices by
    key, as their messages had them: the registry's rows may be half a minute old."""

    at: float
    home: Home
    settings: Mapping[str, DeviceSettings]
    devices: Sequence[DeviceRow]
    readings: Sequence[Latest]
    memory: Sequence[tuple[str, Any, float]]
    names: Mapping[str, str] = {}


class ReplayedHome:
    """Takes the events of the past in, in order; `recorder` then holds the runs they made."""

    def __init__(self, beginning: Beginning, compile_plans: Compile) -> None:
        self.clock = VirtualClock(beginning.at)
        self.recorder = MemoryRecorder()
        self.registry = _registry(beginning)
        self.engine = Engine(self.clock, self.recorder)
        self.memory = HomeMemory(self.recorder, self.clock.now, beginning.memory)
        self.memory.on_change = self.engine.remembered
        self.ports = Ports(
            clock=self.clock, messages=MemoryMessages(), devices=self.registry, memory=self.memory,
            outside=MemoryOutside(), bus=self.engine, runs=self.engine.calls, home=beginning.home,
        )  # fmt: skip
        self._own: set[str] = set()  # what the pipelines here remember themselves
        self.engine.on_run.append(lambda plan, record, event: self._remembers(record))
        self.engine.load(compile_plans(self.ports))

    async def play(self, happened: Iterable[Happened], until: float) -> None:
        """Take in what came, each at its time, and let the time pass until the end."""
        for each in happened:
            await self._pass(each.event.received)
            self._take(each)
        await self._pass(until)

    async def _pass(self, until: float) -> None:
        await self.clock.advance(max(until - self.clock.now(), 0.0))

    def _take(self, happened: Happened) -> None:
        event = happened.event
        payload = parse((event.payload or "").encode()) if event.payload is not None else None
        if event.channel == "mqtt":
            event = msgspec.structs.replace(event, payload=parse(event.raw))
            self.engine.handle(event, self._changes(event, happened.readings))
        elif event.channel == "memory" and isinstance(payload, dict):
            if event.source in self._own:
                return
            self.memory.set(event.source, payload.get("value"))
        elif event.channel in _SPOKEN:
            event = msgspec.structs.replace(event, payload=payload, raw=b"")
            self.engine.dispatch(event)

    def _remembers(self, record: RunRecord) -> None:
        self._own |= {each.target for each in record.effects if each.kind == "remember"}

    def _changes(self, event: Event, readings: Sequence[Latest]) -> list[Change]:
        """The readings as the registry took them in: with the values before."""
        by_device: dict[str, list[Latest]] = {}
        for reading in readings:
            by_device.setdefault(reading.device_key, []).append(reading)
        changes: list[Change] = []
        for key, found in by_device.items():
            changes += self.registry.apply(_decoded(key, found), event)
        return changes


def _registry(beginning: Beginning) -> Registry:
    """The devices by the names they have today, with the values of then."""
    told = {  # what is recorded has been turned round already
        name: msgspec.structs.replace(settings, inverted=[])
        for name, settings in beginning.settings.items()
    }
    registry = Registry(told, encode=_mute, send=lambda publication, run: None)
    rows = {row.key: msgspec.structs.replace(row, state=_names(row)) for row in beginning.devices}
    for key, name in beginning.names.items():
        rows.setdefault(key, DeviceRow(key, name, key.partition(":")[0]))
    registry.restore(rows.values())
    registry.recall(beginning.readings)
    return registry


def _names(row: DeviceRow) -> dict[str, Any]:
    state = row.state if isinstance(row.state, dict) else {}
    return {name: state[name] for name in ("id", "manufacturer", "model") if name in state}


def _mute(firmware: str, device: str, command: Any) -> list[Publication]:
    return []


def _decoded(key: str, readings: Sequence[Latest]) -> Decoded:
    firmware, _, device = key.partition(":")
    available = next((bool(r.value) for r in readings if r.property == "available"), None)
    found = [
        Reading(reading.property, reading.value, reading.unit, reading.instance)
        for reading in readings
        if reading.property != "available"
    ]
    return Decoded(
        firmware=firmware, device=device, channel="state", key=key, readings=found,
        available=available,
    )  # fmt: skip
