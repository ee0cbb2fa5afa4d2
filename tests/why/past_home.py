"""A home whose agent lives on a virtual clock and a real ledger: what it did can be asked about."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from edge_agent.devices.registry import Registry
from edge_agent.ledger import Ledger
from edge_agent.loading import compiler_of
from edge_agent.reloading.versions import Versions
from edge_agent.replaying.verdict import Present
from edge_agent.views.why import ReasonsView
from flows.engine import Engine
from flows.memory import HomeMemory
from flows.messages import message_event
from flows.rehearsal_ports import MemoryMessages, MemoryOutside
from flows.virtual_clock import VirtualClock
from flows.wire import to_wire
from pipelines.library import compile_file
from pipelines.ports import Home, Ports
from pipelines.settings import load_devices
from pipelines.source import Reader
from schemas.device import Change, Decoded, Reading
from schemas.event import Event
from schemas.fields import seconds
from schemas.identity import unique_id
from schemas.message import Said
from schemas.settings import LedgerSettings, RetentionSettings
from schemas.why import WhyNot

BERLIN = Home("home", "Europe/Berlin", 52.52, 13.40)
ZONE = ZoneInfo(BERLIN.time_zone)
_KEPT = LedgerSettings(retention=RetentionSettings(events="36500d", readings="36500d"))


class PastHome:
    """Plays scripts; `why_not` then answers as an agent does, or as the ledger alone."""

    def __init__(self, folder: Path, files: dict[str, str]) -> None:
        self.folder = folder
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        self.clock = VirtualClock(moment("12:00"))
        self.ledger = Ledger.open(
            folder / "data" / "ledger.duckdb", _KEPT, time_zone="Europe/Berlin",
            clock=self.clock.now,
        )  # fmt: skip
        self.registry = self._registry()
        self.messages = MemoryMessages()
        self.versions = Versions(folder, self.ledger, self.clock.now)
        self.engine = self._started()

    def _registry(self) -> Registry:
        settings = load_devices(self.folder)[0]
        registry = Registry(settings, encode=lambda *_: [], send=lambda *_: None)
        registry.restore(self.ledger.devices())
        registry.recall(self.ledger.latest())
        return registry

    def _started(self) -> Engine:
        engine = Engine(self.clock, self.ledger, self.ledger.slots())
        self.memory = HomeMemory(self.ledger, self.clock.now, self.ledger.memory())
        self.memory.on_change = engine.remembered
        ports = Ports(
            clock=self.clock, messages=self.messages, devices=self.registry, memory=self.memory,
            outside=MemoryOutside(), bus=engine, runs=engine.calls, home=BERLIN,
        )  # fmt: skip
        paths = sorted((self.folder / "pipelines").glob("*.yaml"))
        files = [compile_file(path, compiler_of(ports), Reader(self.folder)) for path in paths]
        assert not any(file.problems for file in files), files
        engine.load([part.plan for file in files for part in file.parts])
        for file in files:
            for part in file.parts:
                self.versions.accept(part, file, "started")
        engine.start()
        return engine

    # ------------------------------------------------------------------ what happens
    async def play(self, step: Any) -> None:
        """Do one step of a script."""
        kind, value = (step, None) if isinstance(step, str) else next(iter(step.items()))
        await getattr(self, f"_play_{kind}")(value)
        await self.clock.advance()

    async def _play_report(self, given: dict[str, Any]) -> None:
        device, value = given["device"], given["value"]
        event = self._event(f"zigbee2mqtt/{device}", {given["property"]: value}, given)
        reading = Reading(given["property"], value, None, given.get("instance"))
        available = value if given["property"] == "available" else None
        decoded = Decoded(
            firmware="zigbee2mqtt", device=device, channel="state", key=f"zigbee2mqtt:{device}",
            readings=[] if available is not None else [reading], available=available,
        )  # fmt: skip
        self._handle(event, self.registry.apply(decoded, event))

    async def _play_publish(self, message: dict[str, Any]) -> None:
        self._handle(self._event(message["topic"], message.get("payload", ""), message), [])

    async def _play_remember(self, values: dict[str, Any]) -> None:
        for key, value in values.items():
            self.memory.set(key, value)

    async def _play_emit(self, name: str) -> None:
        self.engine.emit(name, None)

    async def _play_message(self, said: Any) -> None:
        named = said if isinstance(said, dict) else {"text": said}
        event = message_event(msgspec.convert(named, Said), self.clock.now())
        self.engine.dispatch(event)

    async def _play_advance(self, time: str) -> None:
        await self.clock.advance(seconds(time))

    async def _play_switch(self, on: bool) -> None:
        self.engine.enable("case", on)

    async def _play_restart(self, away: str | None) -> None:
        self.engine.stop()
        for row in self.registry.rows():
            self.ledger.device(row)
        await self.ledger.flush()
        await self.clock.advance(seconds(away or "0s"))
        self.registry = self._registry()
        self.engine = self._started()

    def _handle(self, event: Event, changes: list[Change]) -> None:
        self.ledger.message(event, changes)
        self.engine.handle(event, changes)

    def _event(self, topic: str, payload: Any, given: dict[str, Any]) -> Event:
        wire = to_wire(payload)
        raw = wire.encode() if isinstance(wire, str) else wire
        now = self.clock.now()
        ts = now - seconds(given.get("old", "0s"))
        try:
            parsed = msgspec.json.decode(raw)
        except msgspec.DecodeError:
            parsed = raw.decode()
        return Event(
            unique_id(), ts, now, "mqtt", topic, parsed, raw, given.get("retain", False),
            seconds(given.get("waited", "0s")),
        )  # fmt: skip

    # ------------------------------------------------------------------ what is asked
    async def why_not(self, at: str | None, *, live: bool) -> WhyNot:
        """The answer of the running agent, or the one the ledger alone gives."""
        lane = self.engine.lanes["case"]
        present = Present(lane.enabled, list(lane.refusals.last)) if live else Present()
        view = ReasonsView(
            self.folder, BERLIN, self.ledger, now=self.clock.now, present=lambda _: present
        )
        return await view.why_not("case", None if at is None else moment(at))


def moment(text: str) -> float:
    """Epoch seconds of a time in Berlin; a time of day is on the day of the cases."""
    given = datetime.fromisoformat(text if "T" in text else f"2026-01-10T{text}")
    return given.replace(tzinfo=ZONE).timestamp()
