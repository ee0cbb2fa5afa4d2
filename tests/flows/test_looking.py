"""Expression triggers are looked at when what they name has changed, and not for anything else."""

import asyncio
from collections import Counter

from msgspec.structs import replace

from edge_agent.devices.registry import Registry
from flows.engine import Engine
from flows.memory import HomeMemory
from flows.rehearsal_ports import MemoryRecorder
from flows.virtual_clock import VirtualClock
from pipelines import nowhere
from pipelines.ports import Home
from schemas.device import Change, Decoded, Reading
from schemas.event import Event
from schemas.identity import unique_id
from tests.flows.rehearsing import compiled_text

TEXT = 'id: p%d\nmode: parallel\ntriggers: [{template: "%s"}]\nsteps: [{log: x}]\n'


class Counting(Registry):
    """A registry that counts what it is asked for."""

    def __init__(self) -> None:
        super().__init__({}, encode=lambda *_: [], send=lambda *_: None)
        self.asked: Counter[tuple[str, str]] = Counter()

    def value(self, device: str, property: str, instance: str | None = None) -> object:
        """Counted, then answered."""
        self.asked[device, property] += 1
        return super().value(device, property, instance)


class House:
    """An engine with real devices."""

    def __init__(self, *expressions: str) -> None:
        self.clock, self.recorder, self.devices = VirtualClock(), MemoryRecorder(), Counting()
        self.engine = Engine(self.clock, self.recorder)
        self.memory = HomeMemory(self.recorder, self.clock.now)
        self.memory.on_change = self.engine.remembered
        ports = replace(
            nowhere.ports(Home()),
            clock=self.clock, devices=self.devices, memory=self.memory, bus=self.engine,
        )  # fmt: skip
        self.engine.load([
            plan
            for index, expression in enumerate(expressions)
            for plan in compiled_text(TEXT % (index, expression), ports)[0]
        ])  # fmt: skip
        self.devices.asked.clear()

    def report(self, device: str, property: str, value: object) -> None:
        """A device says something."""
        decoded = Decoded(
            firmware="zigbee2mqtt", device=device, channel="telemetry", key=f"z:{device}",
            readings=[Reading(property, value)],
        )  # fmt: skip
        version = self.devices.directory.version
        event = Event(unique_id(), self.clock.now(), self.clock.now(), "mqtt", f"z/{device}")
        changes: list[Change] = self.devices.apply(decoded, event)
        if version != self.devices.directory.version:
            self.engine.router.devices_changed()
        self.engine.handle(event, changes)

    @property
    def runs(self) -> list[str]:
        """The pipelines that ran."""
        return [record.pipeline for record in self.recorder.runs.values()]


def test_a_reading_that_is_not_named_costs_nothing() -> None:
    house = House(*(f"{{{{ reading('d{n}', 'temperature') > 20 }}}}" for n in range(50)))
    house.report("d7", "temperature", 21)
    house.report("d7", "humidity", 50)
    house.report("other", "temperature", 50)
    assert house.devices.asked == {("d7", "temperature"): 1}
    assert house.runs == ["p7"]


def test_a_device_is_followed_when_its_name_changes() -> None:
    house = House("{{ reading('new', 'temperature') > 20 }}")
    house.report("old", "temperature", 10)
    device = house.devices.directory.devices["z:old"]
    house.devices.directory.rename(device, "new")
    house.engine.router.devices_changed()
    house.report("old", "temperature", 21)
    assert house.runs == ["p0"]


def test_the_event_of_a_remembered_value_is_the_recorded_one() -> None:
    for expression in ("{{ memory('a') == 1 }}", "{{ memory('a' ~ '') == 1 }}"):
        house = House(expression)
        house.memory.set("a", 1)
        (record,) = house.recorder.runs.values()
        assert [event.id for event in house.recorder.events] == [record.event]


def test_time_is_looked_at_now_and_then() -> None:
    house = House("{{ now().hour == 1 }}")
    asyncio.run(house.clock.advance(3600 + 60))
    assert house.runs == ["p0"]
