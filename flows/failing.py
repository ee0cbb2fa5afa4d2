"""How steps and runs end that do not go well, and what they leave of it in the scope."""

from __future__ import annotations

from flows.diary import end
from pipelines.plan import PlannedStep
from pipelines.scope import Scope, StepResult
from pipelines.step import StepFailed, Stopped


def failed(step: PlannedStep, scope: Scope, error: Exception, started: float) -> None:
    """Record a step that has failed.

    Raises:
        Exception: the same error, when the run is to end by it.
    """
    text = describe(error)
    outputs = getattr(error, "outputs", None)
    end(step, scope, "failed", started, error=text, outputs=outputs)
    if step.id:
        scope.steps[step.id] = StepResult(outputs or {}, state="failed", error=text)
    if step.on_error != "stop":
        return
    if not hasattr(error, "__hearth_step__"):
        error.__hearth_step__ = step.id or step.path  # type: ignore[attr-defined]
    raise error


def note(scope: Scope, error: Exception) -> None:
    """Leave the error that ends a run."""
    step = getattr(error, "__hearth_step__", "")
    scope.error = {"step": step, "message": describe(error), "kind": type(error).__name__}


def stopped(stop: Stopped, scope: Scope) -> str:
    """The state of a run that a `stop` step ended."""
    if stop.state == "failed":
        scope.error = {"step": "", "message": str(stop), "kind": "stop"}
    return stop.state


def describe(error: BaseException) -> str:
    """The error in words for a user: its text, with the kind where the text alone says little."""
    if isinstance(error, StepFailed):
        return str(error)
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
