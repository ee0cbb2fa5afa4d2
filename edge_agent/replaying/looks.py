"""What each trigger saw while the past is played, and what kept it from starting a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from flows.refusals import Refusals
from pipelines.findings import findings
from pipelines.plan import Block, Gate, Plan
from pipelines.ports import Slots
from pipelines.scope import Scope
from pipelines.trigger import (
    Doubt,
    Fire,
    OnChange,
    OnName,
    OnReading,
    OnTick,
    OnTime,
    OnTopic,
    Watch,
)  # fmt: skip
from schemas.device import Change
from schemas.event import Event
from schemas.run import RunRecord
from schemas.why import Finding

_HOLDING = frozenset({"reading", "memory", "template"})  # the triggers whose slots are a `for:`


class Look(Struct, frozen=True):
    """One thing that reached a trigger: `reason` is `fired`, or what held it back."""

    ts: float
    trigger: str
    reason: str
    text: str = ""
    values: dict[str, Any] = {}
    findings: list[Finding] = []
    until: float | None = None


class Looks(Refusals):
    """Collects the looks at one pipeline; `plan` is the pipeline without its steps, watched."""

    def __init__(self, plan: Plan, now: Callable[[], float]) -> None:
        super().__init__()
        self.seen: list[Look] = []
        self.watches: dict[str, Sequence[Watch]] = {}
        self._now = now
        self._tests = {gate.id: gate.test for gate in plan.gates}
        self._test = plan.test
        gates = tuple(msgspec.structs.replace(g, arm=Watched(g, self, now).arm) for g in plan.gates)
        self.plan = msgspec.structs.replace(
            plan, gates=gates, steps=Block(), errors=Block(), finally_=Block(), enabled=True
        )

    def add(self, trigger: str, reason: str, **fields: Any) -> None:
        """Something reached a trigger now."""
        self.seen.append(Look(self._now(), trigger, reason, **fields))

    def note(
        self,
        reason: str,
        trigger: dict[str, Any],
        event: Event,
        *,
        now: float,
        until: float | None = None,
        scope: Scope | None = None,
    ) -> None:
        """A firing was refused: asks the conditions for their reasons while it is as it was."""
        name = str(trigger.get("id"))
        test = {"if": self._tests.get(name), "conditions": self._test}.get(reason)
        told = findings(test, scope) if scope is not None else []
        values = {key: trigger[key] for key in ("value", "previous") if key in trigger}
        self.add(name, reason, values=values, findings=told, until=until)

    def ran(self, record: RunRecord) -> None:
        """A firing came through: it would have started a run, or failed before its first step."""
        name = str(record.trigger.get("id"))
        self.add(name, "error" if record.error else "ran", text=record.error)


class Watched:
    """One trigger, watched: its real watches, and a note for each that did not fire."""

    def __init__(self, gate: Gate, looks: Looks, now: Callable[[], float]) -> None:
        self._gate = gate
        self._looks = looks
        self._now = now
        self._settled = False
        self.thing: Change | Event | None = None

    def arm(self, fire: Fire, slots: Slots, scope: Scope) -> Sequence[Watch]:
        """Arm the trigger."""

        def fired(trigger: dict[str, Any], event: Event) -> None:
            self.told("fired", values={k: trigger[k] for k in _SHOWN if k in trigger})
            fire(trigger, event)

        kept: Slots = HeldSlots(slots, self) if self._gate.kind in _HOLDING else slots
        watches = self._gate.arm(fired, kept, scope)
        self._looks.watches[self._gate.id] = watches
        if self._gate.kind == "reading":  # what follows the first is availability
            return [self._watch(watches[0], scope), *watches[1:]]
        return [self._watch(watch, scope) for watch in watches]

    def told(self, reason: str, **fields: Any) -> None:
        """What has become of the thing that is looked at."""
        self._settled = True
        self._looks.add(self._gate.id, reason, **fields)

    def _watch(self, watch: Watch, scope: Scope) -> Watch:
        match watch:
            case OnReading():
                see = self._seeing(watch.see, scope, lambda change: watch.every or _news(change))
                return OnReading(watch.wants, watch.property, see, every=True)
            case OnTopic() | OnName() | OnChange():
                see = self._seeing(watch.see, scope, lambda event: True)
                return msgspec.structs.replace(watch, see=see)
            case OnTime() | OnTick():
                return watch

    def _seeing(
        self, see: Callable[..., None], scope: Scope, shown: Callable[[Any], bool]
    ) -> Callable[..., None]:
        doubts = self._gate.doubts

        def seen(thing: Any, *event: Event) -> None:
            self.thing, self._settled = thing, False
            if shown(thing):
                see(thing, *event)
            if not self._settled:
                doubt = doubts(thing, scope) if doubts else None
                doubt = doubt or Doubt("quiet", "that did not fire it")
                self.told(doubt.reason, text=doubt.text, values=doubt.values)
            self.thing = None

        return seen


class HeldSlots:
    """Slots of a `for:` (`pipelines.ports.Slots`): tells when it begins and is broken off."""

    def __init__(self, slots: Slots, watched: Watched) -> None:
        self._slots = slots
        self._watched = watched
        self._due: dict[str, float] = {}

    def get(self, key: str) -> Any:
        """The kept value."""
        return self._slots.get(key)

    def keys(self) -> Sequence[str]:
        """The keys kept."""
        return self._slots.keys()

    def on_due(self, callback: Callable[[str, Any, Event], None]) -> None:
        """Set what deadlines call."""
        self._slots.on_due(callback)

    def on_close(self, callback: Callable[[], None]) -> None:
        """Set what is called when they are closed."""
        self._slots.on_close(callback)

    def put(self, key: str, value: Any, due: float | None = None) -> None:
        """It begins to hold."""
        self._slots.put(key, value, due)
        if due is not None:
            self._due[key] = due
            shown = {k: value[k] for k in _SHOWN if k in value} if isinstance(value, dict) else {}
            self._watched.told("for", values=shown, until=due)

    def drop(self, key: str) -> None:
        """It has ceased to hold."""
        due = self._due.pop(key, None)
        self._slots.drop(key)
        if due is not None:
            thing = self._watched.thing
            value = thing.value if isinstance(thing, Change) else None
            self._watched.told("for_broken", values={"value": value}, until=due)


_SHOWN = ("device", "value", "previous", "topic")


def _news(change: Change) -> bool:
    """What the router shows to triggers that look at changes."""
    return not change.known or change.momentary or change.value != change.previous
