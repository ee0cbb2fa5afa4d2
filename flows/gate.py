"""What stands between a trigger and a run: conditions, debounce, throttle, limits, repeats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from flows.counts import Counts
from flows.refusals import Refusals
from flows.slots import OwnedSlots
from flows.snapshot import pack_event, unpack_event
from pipelines.plan import Gate, Plan
from pipelines.scope import Scope
from schemas.event import Event

_REMEMBER_REPEATS = 86_400.0


class Fired(Protocol):
    """The pipeline that is fired; its plan changes with its versions."""

    plan: Plan
    enabled: bool
    counts: Counts
    refusals: Refusals

    def scope(self, trigger: dict[str, Any], event: Event) -> Scope:
        """A fresh scope for one firing."""

    def admit(self, live: LiveGate, scope: Scope) -> None:
        """A firing has come through its gate."""

    def fail_unstarted(self, scope: Scope, error: Exception) -> None:
        """A firing could not be looked at."""

    def refuse(self, reason: str, scope: Scope, until: float | None = None) -> None:
        """A firing was held back."""


class LiveGate:
    """One armed trigger of a live pipeline.

    Its slots expire by themselves: a throttle or a limit is a slot that is still there, a debounce
    one whose deadline lets the run through.
    """

    __slots__ = ("_is_missed", "_lane", "_now", "_slots", "gate", "limited")

    def __init__(
        self,
        gate: Gate,
        slots: OwnedSlots,
        lane: Fired,
        *,
        is_missed: Callable[[Event], bool],
        now: Callable[[], float],
    ) -> None:
        self.gate = gate
        self._slots = slots
        self._lane = lane
        self._is_missed = is_missed
        self._now = now
        self.limited = bool(gate.throttle or gate.limit or gate.dedupe_by)
        slots.on_due(self._due)

    def fire(self, trigger: dict[str, Any], event: Event) -> None:
        """The trigger has fired."""
        lane = self._lane
        lane.counts.fired += 1
        trigger["id"] = self.gate.id
        if reason := self._unheeded(event):
            lane.refusals.note(reason, trigger, event, now=self._now())
            return
        scope = lane.scope(trigger, event)
        if scope.error is not None:
            lane.fail_unstarted(scope, ValueError(scope.error["message"]))
            return
        try:
            if self.gate.test is not None and not self.gate.test(scope):
                lane.refuse("if", scope)
                return
        except Exception as error:
            lane.fail_unstarted(scope, error)
            return
        if self.gate.debounce:
            kept = {"trigger": trigger, "event": pack_event(event)}
            until = self._now() + self.gate.debounce
            self._slots.put("debounce", kept, until)
            lane.refuse("debounce", scope, until)
            return
        lane.admit(self, scope)

    def _unheeded(self, event: Event) -> str:
        """Why a firing does not count at all; empty when it does."""
        lane = self._lane
        if not lane.enabled:
            return "disabled"
        if event.channel == "timer" and self._is_missed(event):
            return "missed"
        stale_after = lane.plan.stale_after
        if stale_after is not None and self._now() - event.ts + event.age > stale_after:
            lane.counts.stale += 1
            return "stale"
        return ""

    def lets_through(self, scope: Scope) -> bool:
        """Whether throttle, limit and repeats allow one more run now; if so it is counted."""
        gate, now = self.gate, self._now()
        throttle = repeat = ""
        if gate.throttle:
            by = gate.throttle_by(scope) if gate.throttle_by else scope.trigger.get("device")
            throttle = f"throttle/{by}"
            if (until := self._slots.get(throttle)) is not None:
                self._lane.refuse("throttle", scope, until)
                return False
        if gate.dedupe_by is not None:
            repeat = f"dedupe/{gate.dedupe_by(scope)}"
            if (until := self._slots.get(repeat)) is not None:
                self._lane.refuse("dedupe", scope, until)
                return False
        if gate.limit and not self._count(*gate.limit, now):
            self._lane.refuse("limit", scope, min(map(self._slots.get, self._counted())))
            return False
        if gate.throttle:
            self._keep(throttle, now + gate.throttle)
        if repeat:
            self._keep(repeat, now + _REMEMBER_REPEATS)
        return True

    def _keep(self, key: str, until: float) -> None:
        self._slots.put(key, until, until)

    def close(self) -> None:
        """Stop waiting for deadlines; what is kept stays."""
        self._slots.close()

    def _count(self, runs: int, per: float, now: float) -> bool:
        counted = self._counted()
        if len(counted) >= runs:
            return False
        self._keep(f"limit/{now!r}/{len(counted)}", now + per)
        return True

    def _counted(self) -> list[str]:
        return [key for key in self._slots.keys() if key.startswith("limit/")]  # noqa: SIM118

    def _due(self, key: str, value: Any, event: Event) -> None:
        if key != "debounce" or self._is_missed(event):
            return
        self._lane.admit(self, self._lane.scope(value["trigger"], unpack_event(value["event"])))
