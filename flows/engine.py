"""The engine: live pipelines, the router before them and the runs behind them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from flows.calls import CHANNEL as CALLED
from flows.calls import Calls, no_such
from flows.carrying import Flows, carried
from flows.clock_changes import is_plausible
from flows.endings import CHANNEL as ENDED
from flows.endings import Endings
from flows.executor import execute
from flows.lane import Lane
from flows.lanes import Lanes
from flows.left_over import last_alive, versions_waiting
from flows.ports import Recorder, SettableClock
from flows.router import ANY, Router
from flows.slots import OwnedSlots, SlotStore
from flows.trying import Running
from pipelines.plan import Plan
from pipelines.ports import Handle
from pipelines.scope import Scope
from pipelines.trigger import OnTime, Watch
from schemas.device import Change
from schemas.event import Event
from schemas.identity import pipeline_mask, run_id, unique_id
from schemas.run import RunRecord, Slot

log = logging.getLogger(__name__)

OnRun = Callable[[Plan, RunRecord, Event], None]
_ALIVE_EVERY = 30.0
_FIRST_BEAT = 1.0  # not before what fell due meanwhile is taken up, and committed with it
_RUNS_IN_A_ROW = 1_000


class Engine:
    """Takes events in, starts the runs they call for, and keeps what has to outlive a restart.

    Everything runs on the thread that calls `handle`; nothing here blocks. A run of plain steps
    is over when `handle` returns.
    """

    def __init__(self, clock: SettableClock, recorder: Recorder, kept: Iterable[Slot] = ()) -> None:
        self.clock = clock
        self.recorder = recorder
        self.router = Router(clock)
        self.flows: Flows | None = None
        self.store = SlotStore(clock, recorder, kept)
        self.alive_until = last_alive(self.store)
        clock.on_set(self._clock_set)
        self._notice = clock.notice
        self.service = Lanes(self, self.store, clock)
        self.lanes = self.service.live
        self.calls = Calls(
            self.lanes, lambda: self.service.retired, self.store, self.router, recorder, clock
        )
        self._endings = Endings(self.router, self.dispatch)
        self.on_run: list[OnRun] = []
        self.on_switch: list[Callable[[str, bool], None]] = []
        self._ready: list[tuple[Lane, Scope]] = []
        self._soon: list[Callable[[], None]] = []
        self._busy = False
        self._recorded = 0
        self._started: dict[int, None] | None = None
        self._shown = 0
        self._heartbeat: Handle | None = None

    # ------------------------------------------------------------------ pipelines
    def load(self, plans: Sequence[Plan], former: Sequence[Plan] = ()) -> None:
        """Put these plans in service, all at once: unchanged ones go on as if nothing happened.

        `former` are versions that runs kept in the ledger began with.
        """
        if self._heartbeat is None:
            self._heartbeat = self.clock.call_at(self.clock.now() + _FIRST_BEAT, self._beat)
        if self.lanes:  # what fell due while the agent was down is over
            self.alive_until = self.clock.now()
        with self.router.at_once():
            fresh = self.service.put(plans)
        self.service.take_up(fresh, former)

    def versions_waiting(self) -> set[tuple[str, str]]:
        """The pipelines and versions of runs that wait in the ledger to be taken up."""
        return versions_waiting(self.store)

    def start(self) -> None:
        """The agent is up and the broker is connected: `startup` triggers fire."""
        self.internal("startup", "", {"down_since": self.alive_until})

    def stop(self) -> None:
        """Let go of everything; waiting runs are taken up after the next start."""
        if self._heartbeat is not None:
            self._heartbeat.cancel()
            self._note_alive()
        self.router.on_subscriptions = lambda: None  # the broker keeps messages for the next start
        for lane in self.service:
            lane.close()

    def enable(self, pipeline: str, enabled: bool) -> None:
        """Switch a pipeline's triggers on or off, also after a restart."""
        self.lanes[pipeline].enabled = enabled
        self.store.view(f"pipeline/{pipeline}").put("enabled", enabled)
        self.internal("switch", pipeline, {"enabled": enabled})
        for tell in self.on_switch:
            tell(pipeline, enabled)

    # ------------------------------------------------------------------ events
    def handle(self, event: Event, changes: Sequence[Change] = ()) -> None:
        """A message has arrived, with the readings it made; it is recorded by the caller."""
        self._notice()
        busy, self._busy = self._busy, True
        try:
            self.router.topic(event)
            if changes:
                self.router.readings(changes, event)
                if self.router.watches_changes:
                    self.router.changed(event)
        finally:
            self._busy = busy
        if (self._ready or self._soon) and not busy:
            self._drain()

    def internal(self, channel: str, name: str, payload: Any = None, **fields: Any) -> list[int]:
        """Record and dispatch an internal event; returns the ids of the runs it started."""
        now = self.clock.now()
        event = Event(unique_id(), now, now, channel, name, payload, **fields)
        return self.dispatch(event)

    def dispatch(self, event: Event) -> list[int]:
        """Record an internal event and show it to the triggers of its channel that want its source
        or any; returns the ids of the runs it started."""
        self.recorder.event(event)
        before, self._started, self._shown = (self._started, self._shown), {}, event.id
        busy, self._busy = self._busy, True
        try:
            for name in dict.fromkeys((event.source, ANY)):
                self.router.name(event.channel, name, event)
            if event.channel == "memory" and self.router.watches_changes:
                self.router.changed(event)
        finally:
            self._busy = busy
        if not busy:
            self._drain()
        runs = list(self._started or ())
        self._started, self._shown = before
        return runs

    def manual(
        self, pipeline: str, inputs: dict[str, Any], payload: Any = None, *, run: int = 0
    ) -> tuple[Lane, Scope]:
        """A scope for a run started by hand, recorded as an event; the caller begins it. `run` is
        the id it will have, where that was given elsewhere.

        Raises:
            LookupError: there is no such pipeline.
            ValueError: an input is unknown, missing or of the wrong type.
        """
        lane = self.lanes.get(pipeline)
        if lane is None:
            raise LookupError(no_such(pipeline, self.lanes))
        values = lane.plan.inputs(inputs)
        now = self.clock.now()
        identity = run_id(run, pipeline_mask(pipeline)) if run else unique_id()
        event = Event(identity, now, now, "manual", pipeline, payload)
        scope = lane.scope({"id": "manual", "payload": payload, "ts": now}, event)
        scope.inputs, scope.run_id = values, run
        return lane, scope

    def emit(self, name: str, data: Any, run: int = 0, depth: int = 0) -> None:
        """Send an internal event (`pipelines.ports.Bus`)."""
        self.internal("emit", name, data, trace_id=f"{run:x}" if run else "", depth=depth)

    def remembered(self, key: str, value: Any, previous: Any) -> None:
        """A remembered value has changed."""
        self.internal("memory", key, {"value": value, "previous": previous})

    # ------------------------------------------------------------------ for lanes and fibers
    def watch(self, watch: Watch) -> Callable[[], None]:
        """Attach a watch; the returned function detaches it."""
        return self.router.watch(watch)

    def watch_time(
        self, watch: OnTime, after: float, anew: Callable[[], float]
    ) -> Callable[[], None]:
        """Attach a schedule; times since `after` that have passed count as due now. `anew` gives
        that when the clock has been set to another time."""
        return self.router.schedule.watch(watch, after=after, anew=anew)

    def slots(self, owner: str) -> OwnedSlots:
        """The durable state under an owner."""
        return self.store.view(owner)

    def release(self, owner: str) -> None:
        """Drop all state under an owner."""
        self.store.release(owner)

    def submit(self, lane: Lane, scope: Scope) -> None:
        """Start a run now, or when the event under way has been shown to everybody."""
        self._ready.append((lane, scope))
        if not self._busy:
            self._drain()

    def soon(self, call: Callable[[], None]) -> None:
        """Call when the event under way has been shown to everybody, before it can be committed;
        without one in a moment."""
        if self._busy:
            self._soon.append(call)
        else:
            self.clock.call_at(0, call)

    def begun(self, event: Event) -> None:
        """A run begins: deadlines are recorded only now, so that idle clocks leave no rows."""
        if event.channel == "timer" and event.id != self._recorded:
            self._recorded = event.id
            self.recorder.event(event)

    def ended(self, lane: Lane, record: RunRecord, event: Event) -> None:
        """Record a run that has ended or begun to wait, and tell who wants to know."""
        self.recorder.run(record)
        if self._started is not None and record.event == self._shown:
            self._started[record.id] = None  # it may have failed before it could begin
        lane.counts.note(record)
        plan = lane.plan
        if event.channel == CALLED:
            self.calls.ended(plan, record, event)
        if self.router.hears(ENDED):
            self._endings.ended(plan, record, event)
        for tell in self.on_run:
            tell(plan, record, event)

    def carried(self, plan: Plan, scope: Scope) -> Running:
        """Execute a plan of `path: flow`: carried by Prefect, like others where there is none."""
        if self.flows is None or not scope.live:
            return execute(plan, scope)
        return carried(plan, scope, self.flows.carriage(plan, scope))

    # ------------------------------------------------------------------ inside
    def _drain(self) -> None:
        """Start what is ready, higher priorities first; runs may make more ready meanwhile."""
        self._busy = True
        started = 0
        try:
            while (self._ready or self._soon) and started < _RUNS_IN_A_ROW:
                calls, self._soon = self._soon, []
                for call in calls:
                    call()
                    started += 1
                ready, self._ready = self._ready, []
                if len(ready) > 1:
                    ready.sort(key=lambda pair: -pair[0].plan.priority)
                for lane, scope in ready:
                    lane.begin(scope)
                    started += 1
                    if self._started is not None:
                        self._started[scope.run_id] = None
        finally:
            self._busy = False
        if self._ready or self._soon:
            self.clock.call_at(0, self._drain)

    def _clock_set(self, by: float) -> None:
        log.warning("the clock was set", extra={"by": by})
        self.store.clock_set(by)
        for lane in self.service:
            lane.clock_set(by)
        self.router.schedule.clock_set(by)

    def _note_alive(self) -> None:
        """Not before the pipelines are loaded: what fell due until now would count as missed."""
        if is_plausible(now := self.clock.now()):
            self.store.view("engine").put("alive", now)

    def _beat(self) -> None:
        now = self.clock.now()
        self._note_alive()
        self.router.tick(Event(unique_id(), now, now, "timer", "minute"))
        self._heartbeat = self.clock.call_at(now + _ALIVE_EVERY, self._beat)
