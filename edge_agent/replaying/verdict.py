"""The answer to "why did it not run": chosen from what its triggers saw around a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from edge_agent.gateway.live import moment, run_summary
from edge_agent.replaying.looks import Look
from edge_agent.replaying.why import AROUND, LOOK_BACK, SOON_AFTER, Known
from edge_agent.replaying.words import Words
from flows.refusals import Refusal
from pipelines.plan import Gate
from schemas.identity import text_id
from schemas.run import RunRecord
from schemas.why import TriggerWhy, WhyNot

_SAME_FIRING = 2.0  # seconds between a firing of the past and the run that it made
_NEAREST = frozenset({
    "for", "for_broken", "stale", "disabled", "if", "debounce", "conditions", "throttle", "dedupe",
    "busy", "queued", "missed", "error", "started", "unexplained",
})  # fmt: skip
_PLACES = {"single": 1, "queued": 1, "restart": 1_000_000}


class Present(Struct, frozen=True):
    """What is known beyond the ledger: by the agent that runs, and from the files.

    `quarantined` tells that no version is in force, for the `problems`.
    """

    enabled: bool | None = None
    refusals: Sequence[Refusal] = ()
    problems: Sequence[str] = ()
    resting_since: float | None = None
    quarantined: bool = False


class Verdict:
    """Judges one pipeline at one time; `asked` tells whether that time was given."""

    def __init__(self, past: Known, present: Present, zone: ZoneInfo, *, asked: bool) -> None:
        self._past = past
        self._present = present
        self._words = Words(past.plan, zone, past.at)
        self._asked = asked
        looks = [*map(self._resolved, past.looks), *self._noted()]
        self._looks = sorted((look for look in looks if look.reason != "fired"), key=_ts)

    def answer(self) -> WhyNot:
        """The whole answer."""
        reason, told, run = self._reason()
        name, when = self._past.plan.id, self._words.time(self._past.at)
        at = f" at {when}" if self._asked else ""
        start = f"{name} did run" if reason == "ran" else f"{name} did not run{at}"
        return WhyNot(
            name,
            moment(self._past.at),
            reason,
            f"{start}: {told}.",
            [self._trigger(gate) for gate in self._past.plan.gates],
            None if run is None else run_summary(run),
            list(self._notes()),
        )

    def _reason(self) -> tuple[str, str, RunRecord | None]:
        past, words = self._past, self._words
        best = _best(self._near())
        if (run := self._run()) and (best is None or _before(best, run)):
            return "ran", f"run {text_id(run.id)} began at {words.time(run.started)}", run
        if past.down:
            began, ended = map(words.time, past.down)
            return "down", f"the agent was not running from {began} to {ended}", None
        if (since := self._present.resting_since) is not None and past.at > since:
            return "down", f"the agent is not running since {words.time(since)}", None
        if self._off():
            return "disabled", "it is switched off", None
        if not past.plan.gates:
            return "no_triggers", "it has no triggers, it runs only when started by hand", None
        if best is not None:
            return best.reason, words.look(best), None
        return self._silence()

    def _silence(self) -> tuple[str, str, None]:
        """Nothing came for any trigger."""
        if self._past.unavailable:
            names = ", ".join(self._past.unavailable)
            return "unavailable", f"nothing came, and {names} is unavailable", None
        told = [self._trigger(gate) for gate in self._past.plan.gates]
        return told[0].reason, "; ".join(each.told for each in told), None

    def _off(self) -> bool:
        past, live = self._past, self._present.enabled
        known = past.enabled if past.enabled is not None else live
        return not (past.plan.enabled if known is None else known)

    def _near(self, trigger: str | None = None) -> list[Look]:
        at = self._past.at
        return [
            look
            for look in self._looks
            if at - AROUND <= look.ts <= at + SOON_AFTER and trigger in (None, look.trigger)
        ]

    def _run(self) -> RunRecord | None:
        """The run nearest to the time asked about."""
        at = self._past.at
        near = [r for r in self._past.runs if at - AROUND <= r.started <= at + SOON_AFTER]
        return min(near, key=lambda run: abs(run.started - at), default=None)

    # ------------------------------------------------------------------ each trigger
    def _trigger(self, gate: Gate) -> TriggerWhy:
        best = _best(self._near(gate.id))
        if best is not None:
            return self._told(gate, best, self._words.look(best))
        last, words = self._past.last.get(gate.id), self._words
        if gate.id in self._past.due:
            due = self._past.due[gate.id]
            when = "it is never due" if due is None else f"it is next due at {words.time(due)}"
            return TriggerWhy(gate.id, gate.text, "not_due", f"trigger `{gate.id}`: {when}")
        if last is None:
            ever = "had come by then" if self._asked else "has ever come"
            text = f"nothing {ever} for trigger `{gate.id}` ({gate.text})"
            return TriggerWhy(gate.id, gate.text, "no_event", text)
        text = f"nothing came for trigger `{gate.id}` ({gate.text}) since {words.time(last)}"
        before = [look for look in self._looks if look.trigger == gate.id and look.ts <= last + 1]
        if before:
            text += f"; {words.look(before[-1])}"
        return TriggerWhy(gate.id, gate.text, "no_event", text, moment(last))

    def _told(self, gate: Gate, look: Look, text: str) -> TriggerWhy:
        until = None if look.until is None else moment(look.until)
        return TriggerWhy(
            gate.id, gate.text, look.reason, text, moment(look.ts), look.values,
            look.findings, until,
        )  # fmt: skip

    def _notes(self) -> Iterator[str]:
        past, words = self._past, self._words
        if past.accepted > past.at:
            since = words.time(past.accepted)
            yield f"the pipeline is in force since {since}; this is how it was then"
        if past.since > past.at - LOOK_BACK:
            yield f"it was looked back to {words.time(past.since)} only: so much came since"
        for name in past.unavailable:
            yield f"{name} was unavailable"
        yield from self._present.problems
        if self._present.resting_since is not None:
            yield f"no agent runs since {words.time(self._present.resting_since)}"
        before = [run.started for run in past.runs if run.started <= past.at]
        if before:
            yield f"it last ran at {words.time(max(before))}"

    # ------------------------------------------------------------------ what the ledger adds
    def _resolved(self, look: Look) -> Look:
        """A firing that came through ran, or another run was in its way."""
        if look.reason != "ran":
            return look
        for run in self._past.runs:
            if abs(run.started - look.ts) <= _SAME_FIRING:
                return msgspec.structs.replace(look, reason="started", text=text_id(run.id))
        under_way = [
            run
            for run in self._past.runs
            if run.started < look.ts and (run.finished is None or run.finished > look.ts)
        ]
        plan, places = self._past.plan, _PLACES.get(self._past.plan.mode, self._past.plan.max)
        if len(under_way) < places:
            return msgspec.structs.replace(look, reason="unexplained")
        waits = any(abs(queued - look.ts) <= _SAME_FIRING for queued in self._past.queued)
        reason = "queued" if plan.mode == "queued" and waits else "busy"
        return msgspec.structs.replace(
            look, reason=reason, values={"run": text_id(under_way[0].id)}
        )

    def _noted(self) -> Iterator[Look]:
        """What the running agent noted and no ledger tells."""
        for each in self._present.refusals:
            if not self._knows(each):
                yield Look(each.ts + 0.001, each.trigger, each.reason, values=each.seen)

    def _knows(self, refusal: Refusal) -> bool:
        """Whether the ledger told it too."""
        return any(
            abs(look.ts - refusal.ts) <= _SAME_FIRING and look.reason == refusal.reason
            for look in map(self._resolved, self._past.looks)
        )


def _best(looks: Sequence[Look]) -> Look | None:
    """The last look that came to the firing of a trigger, else the last of all."""
    nearest = [look for look in looks if look.reason in _NEAREST or _limited(look)]
    found = nearest or list(looks)
    return found[-1] if found else None


def _before(look: Look, run: RunRecord) -> bool:
    """Whether nothing was refused after a run."""
    return look.reason == "started" or look.ts <= run.started + _SAME_FIRING


def _limited(look: Look) -> bool:
    return look.reason == "limit" and not look.text


def _ts(look: Look) -> float:
    return look.ts
