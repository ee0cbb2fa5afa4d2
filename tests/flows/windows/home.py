"""A home in memory that can be killed: what was not committed is lost, and sent again."""

from collections.abc import Sequence
from typing import Any

from flows.engine import Engine
from flows.memory import HomeMemory
from flows.rehearsal import BERLIN
from flows.rehearsal_past import MemoryPast
from flows.rehearsal_ports import MemoryMessages, MemoryOutside, MemoryRecorder
from flows.virtual_clock import VirtualClock
from pipelines.plan import Plan
from pipelines.ports import Ports
from schemas.device import Change
from schemas.event import Event
from schemas.identity import stable_id
from tests.flows.memory_devices import MemoryDevices
from tests.flows.rehearsing import compiled_text

Reading = tuple[float, str, float]
"""Its own time, the device, the value."""
PIPELINE = """
id: windows
description: version {version}
mode: parallel
max: 1000
triggers:
  - window: {window}
steps:
  - publish: {{topic: out, payload: "{{{{ trigger }}}}"}}
"""


class QuickClock(VirtualClock):
    """Nothing is awaited in this home, so nothing has to be waited for."""

    async def _settle(self) -> None:
        pass


class Home:
    """One pipeline with one window that publishes everything it tells."""

    def __init__(self, window: str, start: float) -> None:
        self.clock = QuickClock(start)
        self.told: dict[int, dict[str, Any]] = {}
        self.repeated = 0
        self._window = window
        self._version = 1
        self._recorder, self._past = MemoryRecorder(), MemoryPast()
        self._open: list[tuple[Event, Change]] = []
        self._start()
        self.commit()

    async def take(self, reading: Reading, arrival: float) -> None:
        """A reading arrives."""
        await self.clock.advance(max(0.0, arrival - self.clock.now()))
        ts, device, value = reading
        change = Change(device, device, "x", None, value, None, False, ts)
        identity = stable_id("reading", device, repr(ts), repr(arrival))
        self._handle(Event(identity, ts, arrival, "mqtt", device), change)

    def commit(self) -> None:
        """Everything so far is on disk."""
        self._notice()
        self._disk = (dict(self._recorder._slots), self._past.position())
        self._open = []

    async def kill(self, away: float = 1.0) -> None:
        """kill -9, another start, and what the broker had kept comes again."""
        self._notice()
        self._let_go()
        self._recorder._slots = dict(self._disk[0])
        del self._past._entries[self._disk[1] :]
        await self.clock.advance(away)
        again, self._open = self._open, []
        self._start()
        for event, change in again:
            received = self.clock.now()
            self._handle(Event(event.id, event.ts, received, "mqtt", event.source), change)

    def restart(self) -> None:
        """An orderly stop and another start."""
        self.engine.stop()
        self.commit()
        self._start()

    def reload(self) -> None:
        """The pipeline is changed, but not its window."""
        self._version += 1
        self.engine.load(self._plans())

    async def finish(self) -> list[dict[str, Any]]:
        """Let all windows end; what they told."""
        await self.clock.advance(3 * 86_400)
        self._notice()
        return list(self.told.values())

    def _start(self) -> None:
        recorder = self._recorder
        self.engine = Engine(self.clock, recorder, recorder.slots())
        memory = HomeMemory(recorder, self.clock.now, ())
        self._messages = MemoryMessages()
        self._ports = Ports(
            self.clock, self._messages, MemoryDevices(self.clock.now), memory,
            MemoryOutside(), self.engine, self.engine.calls,
            BERLIN, self._past,
        )  # fmt: skip
        self.engine.load(self._plans())
        self.engine.start()

    def _plans(self) -> Sequence[Plan]:
        text = PIPELINE.format(window=self._window, version=self._version)
        plans, problems = compiled_text(text, self._ports)
        assert not problems, problems
        return plans

    def _let_go(self) -> None:
        """A process that is killed calls nothing any more."""
        for _, _, call in self.clock._calls:
            call.cancel()

    def _handle(self, event: Event, change: Change) -> None:
        self._open.append((event, change))
        self._past.message(event, [change])
        self.engine.handle(event, [change])

    def _notice(self) -> None:
        """Note what was published, by the run that did."""
        for run in self._recorder.runs.values():
            told = run.effects[0].payload
            self.repeated += run.id in self.told
            assert self.told.setdefault(run.id, told) == told, "a repeat says something else"
        self._recorder.runs.clear()
