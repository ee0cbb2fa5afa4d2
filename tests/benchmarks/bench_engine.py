"""What the engine costs an event, by how many pipelines there are and what starts them.

Run as `python -m tests.benchmarks.bench_engine [PIPELINES]`.
"""

# ruff: noqa: T201
from __future__ import annotations

import sys
import time
from collections.abc import Callable

from msgspec.structs import replace

from flows.engine import Engine
from flows.rehearsal import BERLIN
from flows.rehearsal_ports import MemoryMessages
from flows.virtual_clock import VirtualClock
from pipelines import nowhere
from pipelines.plan import Plan
from pipelines.ports import Ports
from schemas.device import Change
from schemas.event import Event
from schemas.identity import unique_id
from schemas.run import RunRecord, Slot
from tests.flows.memory_devices import MemoryDevices
from tests.flows.rehearsing import compiled_text

EVENTS, ROUNDS = 500, 30  # of the rounds the quietest counts
TRIGGERS = {
    "mqtt": "mqtt: sensor/{n}",
    "reading": "reading: {{device: sensor_{n}, property: temperature, above: 20}}",
    "template": "template: \"{{{{ reading('sensor_{n}', 'temperature', default=0) > 20 }}}}\"",
    "held": "reading: {{device: sensor_{n}, property: temperature, above: 20, for: 5m}}",
    "debounce": "mqtt: sensor/{n}\n    debounce: 2s",
}
STEPS = "  - publish: {{topic: fan/{n}, payload: '{{{{ 1 + {n} }}}}'}}"


class Forgetful:
    """A ledger that keeps nothing, so that only the engine is measured."""

    def event(self, event: Event) -> None:
        """Forgotten."""

    def run(self, record: RunRecord) -> None:
        """Forgotten."""

    def put(self, slot: Slot) -> None:
        """Forgotten."""

    def drop(self, owner: str, key: str | None = None) -> None:
        """Forgotten."""

    def slots(self) -> list[Slot]:
        """Nothing."""
        return []


def cost(kind: str, pipelines: int) -> float:
    """Microseconds of CPU an event for the first of so many pipelines."""
    clock, messages = VirtualClock(), MemoryMessages()
    devices = MemoryDevices(clock.now)
    engine = Engine(clock, Forgetful())
    ports = replace(
        nowhere.ports(BERLIN), clock=clock, messages=messages, devices=devices, bus=engine
    )
    engine.load([_plan(kind, number, ports) for number in range(pipelines)])
    send = _sender(engine, devices, clock)
    for number in range(1000):
        send(number)
    return min(_measured(send) for _ in range(ROUNDS)) * 1e6


def _measured(send: Callable[[int], None]) -> float:
    begun = time.process_time()
    for number in range(EVENTS):
        send(number)
    return (time.process_time() - begun) / EVENTS


def _plan(kind: str, number: int, ports: Ports) -> Plan:
    trigger, steps = TRIGGERS[kind].format(n=number), STEPS.format(n=number)
    text = f"id: p{number}\ntriggers:\n  - {trigger}\nsteps:\n{steps}\n"
    plans, problems = compiled_text(text, ports)
    assert not problems, problems
    return plans[0]


def _sender(engine: Engine, devices: MemoryDevices, clock: VirtualClock) -> Callable[[int], None]:
    def send(number: int) -> None:
        value, now = 10 + 20 * (number % 2), clock.now()
        changes: list[Change] = [devices.report("sensor_0", "temperature", value)]
        engine.handle(Event(unique_id(), now, now, "mqtt", "sensor/0", value), changes)

    return send


if __name__ == "__main__":
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    for name in TRIGGERS:
        one, all_of_them = cost(name, 1), cost(name, many)
        print(f"{name:10} {one:8.2f} µs an event with 1 pipeline, {all_of_them:8.2f} with {many}")
