"""A home in memory whose pipelines can be changed while they run."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from edge_agent.loading import compiler_of
from flows.engine import Engine
from flows.lane import Lane
from flows.memory import HomeMemory
from flows.rehearsal import BERLIN
from flows.rehearsal_ports import MemoryMessages, MemoryOutside, MemoryRecorder
from flows.shadows import Shadows
from flows.virtual_clock import VirtualClock
from pipelines.plan import Plan
from pipelines.ports import Outside, Ports
from pipelines.source import Reader
from schemas.event import Event
from schemas.identity import unique_id
from schemas.problem import Position
from schemas.run import RunRecord
from tests.flows.memory_devices import MemoryDevices

START = 1_767_225_600.0  # one in the morning in Berlin


class House:
    """An engine on a clock that stands still, and what it published."""

    def __init__(self) -> None:
        self.clock = VirtualClock(START)
        self.recorder = MemoryRecorder()
        self.messages = MemoryMessages()
        self.devices = MemoryDevices(self.clock.now, {})
        self.outside: Outside = MemoryOutside()
        self.engine = self._engine()

    def _engine(self) -> Engine:
        engine = Engine(self.clock, self.recorder, self.recorder.slots())
        memory = HomeMemory(self.recorder, self.clock.now, self.recorder.memory())
        self.ports = Ports(
            self.clock, self.messages, self.devices, memory, self.outside, engine, engine.calls,
            BERLIN,
        )  # fmt: skip
        self.memory = memory
        memory.on_change = engine.remembered
        self.shadows = Shadows(engine, self.ports)
        self.compiler = compiler_of(self.ports)
        self.compiler.shadow_ports = self.shadows.ports
        return engine

    def plans(self, *texts: str) -> Sequence[Plan]:
        return [self.plan(text) for text in texts]

    def plan(self, text: str) -> Plan:
        plan, aside = self._compiled(text)
        return aside(plan) if plan.shadow else plan

    def put_beside(self, text: str) -> Lane:
        """Run a version beside the live one."""
        return self.shadows.put(*self._compiled(text))

    def _compiled(self, text: str) -> tuple[Plan, Callable[[Plan], Plan]]:
        reader = Reader()
        tree, at = reader.parse(text, "case.yaml"), Position("case.yaml", 1, 1)
        plan, problems = self.compiler.compile(tree, at, reader.texts)
        assert plan is not None, [*reader.problems, *problems]
        return plan, lambda plan: self.compiler.aside(plan, tree, at, reader.texts)

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

    def runs(self, pipeline: str) -> list[RunRecord]:
        """The last record of each run of a pipeline."""
        return [each for each in self.recorder.runs.values() if each.pipeline == pipeline]

    @property
    def sent(self) -> list[Any]:
        sent, self.messages.sent = [m.payload for m in self.messages.sent], []
        return sent
