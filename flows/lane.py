"""One live pipeline: its armed triggers, the runs under way and those that wait their turn."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from flows.arming import TriggerHost, Triggers
from flows.at_once import is_at_once, run_at_once
from flows.counts import Counts
from flows.dry_run import Endless, dry_run
from flows.executor import execute
from flows.fiber import Fiber
from flows.gate import LiveGate
from flows.records import record_of
from flows.refusals import Refusals
from flows.run_queue import RunQueue
from flows.snapshot import restore, snapshot
from flows.trying import Cancelled, Running
from pipelines.links import DEEPEST
from pipelines.plan import Plan
from pipelines.scope import RunView, Scope
from schemas.event import Event
from schemas.identity import pipeline_mask, run_id
from schemas.problem import UserError
from schemas.run import RunRecord

log = logging.getLogger(__name__)

Done = Callable[[RunRecord], None]


class Host(TriggerHost, Protocol):
    """What a lane needs of the engine."""

    def submit(self, lane: Lane, scope: Scope) -> None:
        """Start a run when its turn has come."""

    def begun(self, event: Event) -> None:
        """A run begins with this event."""

    def ended(self, lane: Lane, record: RunRecord, event: Event) -> None:
        """A run has ended or begun to wait: record and count it."""

    def carried(self, plan: Plan, scope: Scope) -> Running:
        """Execute a plan of `path: flow`."""


class Lane:
    """A pipeline in service; `arm` makes its triggers live, `close` takes them out."""

    __slots__ = (
        "_dones", "_is_at_once", "_last_event", "_mask", "_name", "_now", "_ordinal", "_queue",
        "_triggers", "active", "counts", "enabled", "expected", "former", "has_left_runs", "host",
        "plan", "refusals",
    )  # fmt: skip

    def __init__(self, plan: Plan, host: Host) -> None:
        self.plan = plan
        self.host = host
        self.enabled = plan.enabled
        self.counts = Counts()
        self.refusals = Refusals()
        self.active: dict[int, Fiber] = {}
        self.former: dict[str, Plan] = {}  # by version: those that runs under way began with
        self.expected: set[str] = set()  # the versions of runs that are still to be taken up
        self._name = plan.name
        self._mask = pipeline_mask(plan.id)
        self._now = host.clock.now
        self._last_event = self._ordinal = 0
        self._dones: dict[int, Done] = {}
        self._queue = RunQueue(host.slots(f"queue/{plan.id}"))
        self.has_left_runs = False
        self._triggers = Triggers(self, host)
        self._is_at_once = is_at_once(plan)

    # ------------------------------------------------------------------ changes
    def arm(self) -> None:
        """Make every trigger live."""
        self._triggers.arm()

    def clock_set(self, by: float) -> None:
        """Somebody has set the clock."""
        self._triggers.clock_set(by)
        for fiber in tuple(self.active.values()):
            fiber.clock_set(by)

    def change(self, plan: Plan) -> None:
        """Go on with another version: triggers that are the same keep their state, runs under way
        end under the version they began with."""
        before = self.plan
        self._triggers.disarm()
        self.former[before.version] = before
        self.plan = plan
        self._is_at_once = is_at_once(plan)
        self._triggers.forget(before)
        self._triggers.arm()
        self._forget()

    def retire(self) -> None:
        """The pipeline is gone: nothing starts any more, runs under way end."""
        self._triggers.disarm()
        for scope in self._queue.clear():
            scope.error = {"step": "", "message": "the pipeline was removed", "kind": "cancelled"}
            self._finish(scope, "cancelled")
        self.host.release(f"queue/{self.plan.id}")
        self.host.release(f"trigger/{self.plan.id}")

    def close(self) -> None:
        """Take the triggers out and let go of the runs under way; their rows stay."""
        self._triggers.disarm()
        for fiber in self.active.values():
            fiber.abandon()

    def _forget(self) -> None:
        """Let go of versions that no run needs any more."""
        used = {fiber.scope.run.version for fiber in self.active.values()} | self.expected
        self.former = {version: plan for version, plan in self.former.items() if version in used}

    def _plan_of(self, scope: Scope) -> Plan:
        return self.former.get(scope.run.version, self.plan)

    # ------------------------------------------------------------------ admission
    def scope(self, trigger: dict[str, Any], event: Event) -> Scope:
        """A fresh scope for one firing; the run's id is given when it starts."""
        scope = Scope(
            trigger=trigger,
            event=event,
            inputs=self.plan.defaults,
            run=RunView(0, self._name, self.plan.version, 0.0),
            live=not self.plan.shadow,
            now=self._now,
        )
        scope.own_memory = self.plan.aside
        if event.channel == "webhook" and isinstance(event.payload, dict):
            self._give(scope, event.payload)
        if event.depth > DEEPEST:
            text = f"{DEEPEST} runs have started one another: this is a circle"
            scope.error = {"step": "", "message": text, "kind": "circle"}
        return scope

    def _give(self, scope: Scope, data: dict[str, Any]) -> None:
        """Take inputs from a webhook's JSON keys; wrong ones are the run's error."""
        try:
            known = self.plan.defaults
            scope.inputs = self.plan.inputs({k: v for k, v in data.items() if k in known})
        except UserError as error:
            scope.error = {"step": "", "message": str(error), "kind": "input"}

    def admit(self, live: LiveGate, scope: Scope) -> None:
        """A firing has come through its gate: it starts a run if the conditions hold."""
        try:
            if not self.ready(scope):
                return
            if live.limited and not live.lets_through(scope):
                self.counts.held_back += 1
                return
        except Exception as error:
            self.fail_unstarted(scope, error)
            return
        self.host.submit(self, scope)

    def ready(self, scope: Scope, *, force: bool = False) -> bool:
        """Compute the variables and, unless forced, test the pipeline's conditions.

        Raises:
            StepFailed: one of them cannot be computed.
        """
        if self.plan.variables:
            self._compute_variables(scope)
        if force or self.plan.test is None or self.plan.test(scope):
            return True
        self.counts.unmet += 1
        self.refuse("conditions", scope)
        return False

    def refuse(self, reason: str, scope: Scope, until: float | None = None) -> None:
        """Note a firing that starts no run."""
        now = self._now()
        self.refusals.note(reason, scope.trigger, scope.event, now=now, until=until, scope=scope)

    def _compute_variables(self, scope: Scope) -> None:
        for name, value in self.plan.variables:
            scope.variables[name] = value(scope)

    def _renew(self, scope: Scope) -> None:
        """A run that has not begun belongs to the present version, whenever it was fired."""
        plan = self.plan
        if scope.run.version == plan.version:
            return
        scope.run.version, scope.live, scope.own_memory = plan.version, not plan.shadow, plan.aside
        scope.inputs = plan.defaults | {k: v for k, v in scope.inputs.items() if k in plan.defaults}
        scope.variables = {}
        self._compute_variables(scope)

    def fail_unstarted(self, scope: Scope, error: Exception) -> None:
        """A firing could not be looked at: its run failed before its first step."""
        self._number(scope)
        self._fail(scope, error)

    def _fail(self, scope: Scope, error: Exception) -> None:
        text = f"before the first step: {error}"
        scope.error = {"step": "", "message": text, "kind": type(error).__name__}
        self._finish(scope, "failed")

    # ------------------------------------------------------------------ modes
    def begin(self, scope: Scope, done: Done | None = None) -> bool:
        """Start a run, or do what the mode says when others are under way; False: not started.

        `done` hears of its end.
        """
        self._number(scope)
        if done is not None:
            self._dones[scope.run_id] = done
        plan = self.plan
        is_busy = bool(self.active) or self.has_left_runs
        if not is_busy or (plan.mode == "parallel" and len(self.active) < plan.max):
            self._start(scope)
        elif plan.mode == "restart":
            for fiber in tuple(self.active.values()):
                fiber.cancel()
            self._start(scope)
        elif plan.mode == "queued" and len(self.active) + len(self._queue.waiting) < plan.max:
            self._queue.put(scope, plan)
        else:
            self._overflow(scope)
            return False
        return True

    def _overflow(self, scope: Scope) -> None:
        self.counts.overflowed += 1
        self.refuse("busy", scope)
        if self.plan.max_exceeded == "warn":
            log.warning(
                "run not started: others are under way",
                extra={"pipeline": self.plan.id, "mode": self.plan.mode, "max": self.plan.max},
            )
        self._dones.pop(scope.run_id, None)

    def _number(self, scope: Scope) -> None:
        if scope.run_id:  # given elsewhere, maybe that of an earlier attempt
            scope.run.number, scope.run.started = scope.run_id, self._now()
            self.host.begun(scope.event)
            return
        event = scope.event.id
        self._ordinal = self._ordinal + 1 if event == self._last_event else 0
        self._last_event = event
        scope.run_id = scope.run.number = run_id(event, self._mask, self._ordinal)
        scope.run.started = self._now()
        self.host.begun(scope.event)

    def cancel(self, run: int) -> None:
        """End a run that waits or is queued; what has ended already is left alone."""
        if run in self.active:
            self.active[run].cancel()
            return
        for scope in self._queue.withdraw(run):
            self._finish(scope, "cancelled")

    def is_under_way(self, run: int) -> bool:
        """Whether a run waits or is queued here."""
        return run in self.active or self._queue.holds(run)

    # ------------------------------------------------------------------ runs
    def _start(self, scope: Scope) -> None:
        """Run from the beginning."""
        if self._is_at_once and not self.former:
            state = run_at_once(self.plan, scope)
            self._tell(record_of(self.plan, scope, state, self._now(), scope.records), scope)
        else:
            self._drive(scope)

    def _drive(self, scope: Scope) -> None:
        """Run to where it has to wait, from the beginning or from where it was waiting."""
        is_kept = bool(scope.resuming)
        plan = self._plan_of(scope)
        running = (self.host.carried if plan.path == "flow" else execute)(plan, scope)
        try:
            pause = next(running)
        except StopIteration as stop:
            self._finish(scope, stop.value)
            return
        fiber = Fiber(
            running,
            scope,
            self.host,
            done=lambda state, error: self._end(scope, state, error),
            settled=lambda: self._save(scope),
        )
        fiber.is_kept = is_kept
        self.active[scope.run_id] = fiber
        fiber.wait(pause)
        self._save(scope)

    def _end(self, scope: Scope, state: str | None, error: BaseException | None) -> None:
        self.active.pop(scope.run_id, None)
        if error is not None:
            kind = type(error).__name__
            scope.error = {"step": "", "message": f"{kind}: {error}", "kind": kind}
            state = "cancelled" if isinstance(error, Cancelled) else "failed"
        self.host.release(f"run/{scope.run_id:x}")
        self._finish(scope, state or "failed")
        if self.former:
            self._forget()

    def _save(self, scope: Scope) -> None:
        if scope.run_id not in self.active:
            return
        self.host.slots(f"run/{scope.run_id:x}").put("state", snapshot(scope, self._plan_of(scope)))
        self.host.ended(self, self._record(scope, "waiting"), scope.event)

    def _finish(self, scope: Scope, state: str) -> None:
        self._tell(self._record(scope, state), scope)

    def _tell(self, record: RunRecord, scope: Scope) -> None:
        self.host.ended(self, record, scope.event)
        if self._dones and (done := self._dones.pop(scope.run_id, None)):
            done(record)
        if self._queue.waiting:
            self._follow()

    def _follow(self) -> None:
        """Start the next of the queued runs when its turn has come."""
        if self._queue.waiting and not self.active and not self.has_left_runs:
            self._begin_later(self._queue.take())

    def _begin_later(self, scope: Scope) -> None:
        """Start a run that was queued, maybe by an earlier version."""
        try:
            self._renew(scope)
        except Exception as error:
            self._fail(scope, error)
            return
        self._start(scope)

    async def rehearse(self, scope: Scope) -> RunRecord:
        """Run without acting on the world and without a row in the ledger."""
        self._number(scope)
        scope.live = scope.own_memory = False
        try:
            state = await dry_run(execute(self.plan, scope))
        except Endless as error:
            state = "cancelled"
            scope.error = {"step": "", "message": str(error), "kind": "endless"}
        return self._record(scope, state)

    def _record(self, scope: Scope, state: str) -> RunRecord:
        steps = [*scope.records, *scope.underway.values()]
        finished = None if state == "waiting" else self._now()
        return record_of(self._plan_of(scope), scope, state, finished, steps)

    # ------------------------------------------------------------------ restarts
    def take_up_all(self, kept: Sequence[dict[str, Any]]) -> None:
        """Go on with what was left when the agent stopped: runs that waited, and queued ones."""
        self.has_left_runs = False
        self._queue.clear()  # all of it is kept, what has come meanwhile too
        for each in kept:
            self.take_up(each)
        self.expected.clear()
        self.queue_up()

    def take_up(self, kept: dict[str, Any]) -> None:
        """Go on with a run that was waiting when the agent stopped."""
        scope = self._restored(kept)
        if {path.rstrip("!") for path in scope.resuming} - self._plan_of(scope).paths:
            scope.error = {"step": "", "message": "the pipeline was changed", "kind": "crashed"}
            self.host.release(f"run/{scope.run_id:x}")
            self._finish(scope, "crashed")
            return
        self._drive(scope)

    def give_up(self, kept: Sequence[dict[str, Any]], deaths: int) -> None:
        """End the runs that were left as crashed: taking them up has killed the agent so often."""
        queued = self._queue.kept()
        self.host.release(f"queue/{self.plan.id}")
        self._queue = RunQueue(self.host.slots(f"queue/{self.plan.id}"))
        text = f"not taken up: the agent has died {deaths} times over the runs of this pipeline"
        log.error(text, extra={"pipeline": self.plan.id, "runs": len(kept) + len(queued)})
        for each in (*kept, *queued):
            scope = restore(each, self._now)
            scope.error = {"step": "", "message": text, "kind": "crashed"}
            self.host.release(f"run/{scope.run_id:x}")
            self._finish(scope, "crashed")

    @property
    def is_acting(self) -> bool:
        """Whether a run waits for something that it does itself, not for a time or a trigger."""
        return any(fiber.is_acting for fiber in self.active.values())

    def queue_up(self) -> None:
        """Take up the runs that were queued when the agent stopped, in their order."""
        self._queue.take_up(self._restored)
        self._follow()

    def _restored(self, kept: dict[str, Any]) -> Scope:
        scope = restore(kept, self._now)
        scope.own_memory = not scope.live and self._plan_of(scope).aside
        return scope
