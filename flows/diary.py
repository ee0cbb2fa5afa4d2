"""What each step leaves in the record of its run, and why one was skipped."""

from __future__ import annotations

from typing import Any

from pipelines.plan import PlannedStep
from pipelines.scope import AllHold, Scope, StepResult
from pipelines.step import Stopped
from schemas.run import Notes, StepRecord

_NO_NOTES = Notes()


def begin(step: PlannedStep, scope: Scope, started: float) -> Notes:
    """Note that a step is under way, unless that was done before a restart."""
    if step.path not in scope.underway:
        scope.underway[step.path] = StepRecord(
            step.path, step.kind, "waiting", started, started, "", None, 0,
            step.parent, step.branch, scope.rounds, Notes(),
        )  # fmt: skip
    return scope.notes(step.path)


def end(
    step: PlannedStep,
    scope: Scope,
    state: str,
    started: float = 0.0,
    *,
    error: str = "",
    outputs: Any = None,
    notes: Notes | None = None,
) -> None:
    """Record a step that has ended; one that was under way knows itself when it began."""
    begun = scope.underway.pop(step.path, None)
    if begun is not None:
        started, notes = begun.started, None if begun.notes == _NO_NOTES else begun.notes
    attempts = max(len(notes.tries) - 1, 0) if notes is not None else 0
    scope.records.append(
        StepRecord(
            step.path, step.kind, state, started, scope.now(), error, outputs, attempts,
            step.parent, step.branch, scope.rounds, notes,
        )
    )  # fmt: skip


def ending(step: PlannedStep, stop: Stopped) -> dict[str, Any] | None:
    """What a `stop` step tells of itself; the steps around it end with it and tell nothing."""
    return {"state": stop.state, "reason": str(stop)} if step.kind == "stop" else None


def skip(step: PlannedStep, scope: Scope, started: float) -> None:
    """Record a step whose condition does not hold, with that condition."""
    end(step, scope, "skipped", started, notes=Notes(unmet=_unmet(step, scope)))
    if step.id:
        scope.steps[step.id] = StepResult(state="skipped", error=None)


def _unmet(step: PlannedStep, scope: Scope) -> str:
    """The condition for which a step is skipped: asked again where there are several."""
    if isinstance(step.test, AllHold):
        for text, test in zip(step.asks, step.test.tests, strict=False):
            if not test(scope):
                return text
    return ", ".join(step.asks)
