"""Looks at a trigger in words: what a person reads when a pipeline did not run."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from edge_agent.replaying.looks import Look
from pipelines.plan import Plan
from schemas.why import Finding


class Words:
    """Tells looks of one pipeline; times of another day than `at` (epoch s) with their date."""

    def __init__(self, plan: Plan, zone: ZoneInfo, at: float) -> None:
        self._plan = plan
        self._zone = zone
        self._day = datetime.fromtimestamp(at, zone).date()

    def time(self, ts: float) -> str:
        """A time in the home's zone."""
        moment = datetime.fromtimestamp(ts, self._zone)
        return f"{moment:%H:%M:%S}" if moment.date() == self._day else f"{moment:%Y-%m-%d %H:%M:%S}"

    def look(self, look: Look) -> str:
        """What became of one thing that reached a trigger."""
        tell = getattr(self, f"_{look.reason}", None)
        came = f"trigger `{look.trigger}` fired at {self.time(look.ts)}"
        if tell is not None:
            return str(tell(look, came))
        reached = f"the last that came for trigger `{look.trigger}` was at {self.time(look.ts)}"
        return f"{reached}: {look.text}"

    def _if(self, look: Look, came: str) -> str:
        return f"{came}, but its condition {_false(look.findings)}"

    def _conditions(self, look: Look, came: str) -> str:
        return f"{came}, but the condition {_false(look.findings)}"

    def _for(self, look: Look, came: str) -> str:
        began, over = self.time(look.ts), self.time(look.until or 0.0)
        return f"`for` of trigger `{look.trigger}` is running since {began} and is over at {over}"

    def _for_broken(self, look: Look, came: str) -> str:
        over, value = self.time(look.until or 0.0), look.values.get("value")
        by = f" by the value {value!r}" if value is not None else ""
        return (
            f"`for` of trigger `{look.trigger}` was broken off at {self.time(look.ts)}{by};"
            f" it would have been over at {over}"
        )

    def _debounce(self, look: Look, came: str) -> str:
        return f"{came}, but `debounce` waits for quiet until {self.time(look.until or 0.0)}"

    def _throttle(self, look: Look, came: str) -> str:
        return f"{came}, but `throttle` holds it back until {self.time(look.until or 0.0)}"

    def _limit(self, look: Look, came: str) -> str:
        if look.text:  # of the value, not of the runs
            last = f"the last that came for trigger `{look.trigger}` was at {self.time(look.ts)}"
            return f"{last}: {look.text}"
        return f"{came}, but `limit` lets no more runs start until {self.time(look.until or 0.0)}"

    def _dedupe(self, look: Look, came: str) -> str:
        until = self.time(look.until or 0.0)
        return f"{came}, but `dedupe_by` had the same value before and remembers it until {until}"

    def _stale(self, look: Look, came: str) -> str:
        after = self._plan.stale_after
        return f"{came}, but what happened was older than `stale_after` ({after:g} s)"

    def _missed(self, look: Look, came: str) -> str:
        return f"{came} while the agent was down, and `missed` is {self._plan.missed}"

    def _disabled(self, look: Look, came: str) -> str:
        return f"{came}, but the pipeline is switched off"

    def _busy(self, look: Look, came: str) -> str:
        plan, run = self._plan, look.values.get("run")
        busy = f"run {run} was under way" if run else "another run was under way"
        if plan.mode == "single":
            return f"{came}, but {busy} and the mode is single"
        full = "the queue was full" if plan.mode == "queued" else "all places were taken"
        return f"{came}, but {full} ({busy}; mode {plan.mode}, max {plan.max})"

    def _queued(self, look: Look, came: str) -> str:
        return f"{came} and waits in the queue behind run {look.values.get('run')}"

    def _error(self, look: Look, came: str) -> str:
        return f"{came}, but {look.text}"

    def _started(self, look: Look, came: str) -> str:
        return f"{came} and started run {look.text}"

    def _unexplained(self, look: Look, came: str) -> str:
        return f"{came} and nothing held it back, yet the ledger has no run of it"


def _false(found: list[Finding]) -> str:
    """The first condition that did not hold, with its values."""
    for finding in found:
        if finding.error:
            return f"`{finding.condition}` had no value: {finding.error}"
        if not finding.held:
            return f"`{finding.condition}` was false{_with(finding)}"
    return "was false"


def _with(finding: Finding) -> str:
    told = [f"{name} = {_value(value)}" for name, value in _values(finding).items()]
    return f" ({', '.join(told)})" if told else ""


def _values(finding: Finding) -> dict[str, Any]:
    values = dict(finding.values)
    for part in finding.parts:
        values |= _values(part)
    return values


def _value(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    text = {"None": "null", "True": "true", "False": "false"}.get(text, text)
    return text if len(text) <= 60 else f"{text[:59]}…"
