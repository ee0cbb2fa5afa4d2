"""A home in memory whose pipelines can be changed while they run."""

import asyncio
from collections.abc import Sequence
from typing import Any

from flows.engine import Engine
from flows.memory import HomeMemory
from flows.rehearsal import BERLIN
from flows.rehearsal_ports import (
    MemoryDevices,
    MemoryMessages,
    MemoryOutside,
    MemoryRecorder,
    VirtualClock,
)
from pipelines.plan import Plan
from pipelines.ports import Ports
from schemas.event import Event
from schemas.identity import unique_id
from tests.flows.rehearsing import compiled_text

START = 1_767_225_600.0  # one in the morning in Berlin


class House:
    """An engine on a clock that stands still, and what it published."""

    def __init__(self) -> None:
        self.clock = VirtualClock(START)
        self.recorder = MemoryRecorder()
        self.messages = MemoryMessages()
        self.devices = MemoryDevices(self.clock.now, {})
        self.engine = self._engine()

    def _engine(self) -> Engine:
        engine = Engine(self.clock, self.recorder, self.recorder.slots())
        memory = HomeMemory(self.recorder, self.clock.now, self.recorder.memory())
        outside = MemoryOutside([], lambda sql, params: [])
        self.ports = Ports(
            self.clock, self.messages, self.devices, memory, outside, engine, engine.calls, BERLIN
        )
        return engine

    def plans(self, *texts: str) -> Sequence[Plan]:
        made: list[Plan] = []
        for text in texts:
            plans, problems = compiled_text(text, self.ports)
            assert not problems, problems
            made += plans
        return made

    def load(self, *texts: str) -> None:
        self.engine.load(self.plans(*texts))

    def restart(self, *texts: str, former: Sequence[str] = ()) -> None:
        self.engine.stop()
        self.engine = self._engine()
        self.engine.load(self.plans(*texts), self.plans(*former))

    def message(self, topic: str, payload: Any = None) -> None:
        now = self.clock.now()
        self.engine.handle(Event(unique_id(), now, now, "mqtt", topic, payload))

    def report(self, device: str, property: str, value: Any) -> None:
        change = self.devices.report(device, property, value)
        now = self.clock.now()
        self.engine.handle(Event(unique_id(), now, now, "mqtt", device), [change])

    def pass_(self, seconds: float) -> None:
        asyncio.run(self.clock.advance(seconds))

    @property
    def sent(self) -> list[Any]:
        sent, self.messages.sent = [m.payload for m in self.messages.sent], []
        return sent
