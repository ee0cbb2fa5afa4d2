"""What stands between a trigger and a run: conditions, debounce, throttle, limits, repeats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flows.slots import OwnedSlots
from flows.snapshot import pack_event, unpack_event
from pipelines.plan import Gate
from pipelines.scope import Scope
from schemas.event import Event

_REMEMBER_REPEATS = 86_400.0


class LiveGate:
    """One armed trigger of a live pipeline.

    Its slots expire by themselves: a throttle or a limit is a slot that is still there, a debounce
    one whose deadline lets the run through.
    """

    def __init__(
        self,
        gate: Gate,
        slots: OwnedSlots,
        *,
        scope: Callable[[dict[str, Any], Event], Scope],
        admit: Callable[[LiveGate, Scope], None],
        failed: Callable[[Scope, Exception], None],
        is_missed: Callable[[Event], bool],
        refused: Callable[[str, Scope, float | None], None],
        now: Callable[[], float],
    ) -> None:
        self.gate = gate
        self._slots = slots
        self._scope = scope
        self._admit = admit
        self._failed = failed
        self._is_missed = is_missed
        self._refused = refused
        self._now = now
        self.limited = bool(gate.throttle or gate.limit or gate.dedupe_by)
        slots.on_due(self._due)

    def fire(self, trigger: dict[str, Any], event: Event) -> None:
        """The trigger has fired."""
        trigger["id"] = self.gate.id
        scope = self._scope(trigger, event)
        if scope.error is not None:
            self._failed(scope, ValueError(scope.error["message"]))
            return
        try:
            if self.gate.test is not None and not self.gate.test(scope):
                self._refused("if", scope, None)
                return
        except Exception as error:
            self._failed(scope, error)
            return
        if self.gate.debounce:
            kept = {"trigger": trigger, "event": pack_event(event)}
            until = self._now() + self.gate.debounce
            self._slots.put("debounce", kept, until)
            self._refused("debounce", scope, until)
            return
        self._admit(self, scope)

    def lets_through(self, scope: Scope) -> bool:
        """Whether throttle, limit and repeats allow one more run now; if so it is counted."""
        gate, now = self.gate, self._now()
        throttle = repeat = ""
        if gate.throttle:
            by = gate.throttle_by(scope) if gate.throttle_by else scope.trigger.get("device")
            throttle = f"throttle/{by}"
            if (until := self._slots.get(throttle)) is not None:
                self._refused("throttle", scope, until)
                return False
        if gate.dedupe_by is not None:
            repeat = f"dedupe/{gate.dedupe_by(scope)}"
            if (until := self._slots.get(repeat)) is not None:
                self._refused("dedupe", scope, until)
                return False
        if gate.limit and not self._count(*gate.limit, now):
            self._refused("limit", scope, min(map(self._slots.get, self._counted())))
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
        self._admit(self, self._scope(value["trigger"], unpack_event(value["event"])))
