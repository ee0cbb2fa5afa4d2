"""Runs that kill the agent when they are taken up are not taken up for ever; others are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

from flows.engine import Engine
from flows.rehearsal_ports import MemoryRecorder
from flows.virtual_clock import VirtualClock
from pipelines.plan import Block, Gate, Plan, PlannedStep
from pipelines.scope import Scope
from pipelines.step import Sleep, Steps
from pipelines.trigger import Fire, OnTopic, Watch
from schemas.event import Event
from schemas.identity import unique_id


class Died(BaseException):
    """The process is gone."""


def _plan(
    name: str, act: Callable[[], None], *, mode: Literal["single", "queued"] = "single"
) -> Plan:
    def wait(scope: Scope) -> Steps:
        until = scope.waits.get("0")
        yield Sleep(scope.now() + 60.0 if until is None else until, "0")
        act()
        return None

    def arm(fire: Fire, slots: object, scope: Scope) -> list[Watch]:
        return [OnTopic("go", lambda event: fire({}, event))]

    step = PlannedStep(path="0", kind="wait", run=wait, waits=True)
    gate = Gate(id="0", index=0, kind="mqtt", arm=arm)
    return Plan(
        id=name, version="1", gates=(gate,), steps=Block((step,)), paths=frozenset("0"), mode=mode
    )


class Home:
    """Lives of an agent on one ledger; each begins later than the one before."""

    def __init__(self, *plans: Plan) -> None:
        self.plans = plans
        self.recorder = MemoryRecorder()
        self.now = VirtualClock().now()
        self.deaths = 0

    def live(self, seconds: float) -> bool:
        """One life; False when it dies."""
        clock = VirtualClock(self.now)
        try:
            engine = Engine(clock, self.recorder, self.recorder.slots())
            engine.load(self.plans)
            asyncio.run(clock.advance(seconds))
        except Died:
            self.deaths += 1
            return False
        finally:
            self.now = clock.now() + 120.0
        return True

    def begin(self) -> None:
        """Every pipeline gets a run that waits, and the agent is killed."""
        engine = Engine(VirtualClock(self.now), self.recorder)
        engine.load(self.plans)
        for _ in range(2):
            engine.handle(Event(unique_id(), self.now, self.now, "mqtt", "go"))
        self.now += 120.0

    @property
    def states(self) -> dict[str, list[str]]:
        """How the runs of each pipeline are now."""
        found: dict[str, list[str]] = {}
        for record in self.recorder.runs.values():
            found.setdefault(record.pipeline, []).append(record.state)
        return found


def _die() -> None:
    raise Died


def test_after_three_deaths_the_guilty_run_is_crashed_and_the_others_have_gone_on() -> None:
    done: list[str] = []
    home = Home(
        _plan("a", lambda: done.append("a")),
        _plan("killer", _die, mode="queued"),
        _plan("z", lambda: done.append("z")),
    )
    home.begin()
    while not home.live(60.0):
        assert home.deaths < 10
    assert home.deaths == 3
    assert sorted(done) == ["a", "z"]
    assert home.states == {"a": ["completed"], "killer": ["crashed"] * 2, "z": ["completed"]}
    assert "died 3 times" in next(
        run.error for run in home.recorder.runs.values() if run.pipeline == "killer"
    )


def test_deaths_while_runs_only_wait_do_not_count() -> None:
    done: list[str] = []
    home = Home(_plan("a", lambda: done.append("a")))
    home.begin()
    home.now -= 119.0
    for _ in range(20):
        home.live(0.1)
        home.now -= 119.9
    assert home.states == {"a": ["waiting"]}
    home.now += 120.0
    assert home.live(10.0)
    assert done == ["a"]
