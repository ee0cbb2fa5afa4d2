"""The triggers of one pipeline made live: what they fire, and what comes too late to count."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from msgspec.structs import replace

from flows.clock_changes import CORRECTION
from flows.fiber import World
from flows.gate import Fired, LiveGate
from pipelines.plan import Gate, Plan
from pipelines.trigger import OnTime, Watch
from schemas.event import Event

log = logging.getLogger(__name__)


class TriggerHost(World, Protocol):
    """What live triggers need of the engine."""

    @property
    def alive_until(self) -> float:
        """Since when times may have been missed (epoch seconds)."""

    def watch_time(
        self, watch: OnTime, after: float, anew: Callable[[], float]
    ) -> Callable[[], None]:
        """Attach a schedule; times since `after` that have passed count as due now. `anew` gives
        that when the clock has been set to another time."""


class Triggers:
    """The triggers of a pipeline; `arm` makes them live, `disarm` takes them out."""

    def __init__(self, lane: Fired, host: TriggerHost) -> None:
        self._lane = lane
        self._host = host
        self._now = host.clock.now
        self._gates: list[LiveGate] = []
        self._detach: list[Callable[[], None]] = []
        self._served: dict[str, float] = {}
        self._since = min(self._not_missed(), self._now())

    def arm(self) -> None:
        """Make every trigger live."""
        for gate in self._lane.plan.gates:
            owner = self._owner(gate)
            slots = self._host.slots(f"{owner}/gate")
            live = LiveGate(gate, slots, self._lane, is_missed=self._is_missed, now=self._now)
            self._gates.append(live)
            slots = self._host.slots(owner)
            scope = self._lane.scope({}, Event(0, 0.0, 0.0, "arm", self._lane.plan.id))
            for watch in gate.arm(live.fire, slots, scope):
                self._detach.append(self._attach(watch, owner))
            self._detach.append(slots.close)

    def disarm(self) -> None:
        """Take every trigger out; its durable state stays."""
        for detach in self._detach:
            detach()
        for gate in self._gates:
            gate.close()
        self._detach.clear()
        self._gates.clear()

    def forget(self, before: Plan) -> None:
        """Drop the state of those that only a former version had."""
        owners = {self._owner(gate) for gate in self._lane.plan.gates}
        for owner in {self._owner(gate) for gate in before.gates} - owners:
            self._served.pop(owner, None)
            self._host.release(owner)

    def clock_set(self, by: float) -> None:
        """Somebody has set the clock."""
        since = self._not_missed() if abs(by) > CORRECTION else self._since
        self._since = min(since, self._now())

    def _owner(self, gate: Gate) -> str:
        return f"trigger/{self._lane.plan.id}/{gate.key or gate.index}"

    def _attach(self, watch: Watch, owner: str) -> Callable[[], None]:
        if not isinstance(watch, OnTime):
            return self._host.watch(watch)
        served, see, durable = self._served, watch.see, self._lane.plan.missed != "skip"
        kept = self._host.slots(f"{owner}/times")

        def seen(due: float, event: Event) -> None:
            served[owner] = due
            if durable:  # with the run that it starts: what was made up for is not due again
                kept.put("served", due)
            see(due, event)

        def anew() -> float:
            last = max(served.get(owner, 0.0), kept.get("served") or 0.0)
            return max(self._not_missed(), self._possible(last))

        # A trigger that lived before a reload goes on where it was: no time lost, none twice.
        after = served.get(owner) or anew()
        if watch.beats:
            after = min(after, self._now())
        served[owner] = after
        return self._host.watch_time(replace(watch, see=seen), after, anew)

    def _not_missed(self) -> float:
        """From when on times count that fell due while the agent was down."""
        now, missed = self._now(), self._lane.plan.missed
        alive = self._possible(self._host.alive_until)
        if isinstance(missed, float | int):
            return max(alive, now - missed)
        return max(alive, now) if missed == "skip" else alive

    def _possible(self, time: float) -> float:
        """A time that was once reached; one far ahead was that of a clock that went wrong."""
        now = self._now()
        return time if time <= now + CORRECTION else now

    def _is_missed(self, event: Event) -> bool:
        """Whether a deadline fell due while the agent was down and counts no more."""
        if event.channel != "timer" or event.ts >= self._since:
            return False
        if not event.source.startswith("trigger/"):
            return False  # a time of its own, which the schedule has let through
        plan = self._lane.plan
        self._lane.counts.missed += 1
        log.warning(
            "not run: it fell due while the agent was down",
            extra={"pipeline": plan.id, "due": event.ts, "missed": plan.missed},
        )
        return True
