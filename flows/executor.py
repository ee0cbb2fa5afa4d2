"""A Plan executed: generators that run steps in order and yield only when one has to wait."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from flows.diary import begin, end, ending, skip
from flows.failing import describe, failed, note, stopped
from flows.trying import RETRY, Cancelled, tries
from pipelines.plan import Block, Plan, PlannedStep
from pipelines.scope import Scope, StepResult
from pipelines.step import Stopped
from schemas.run import StepRecord

_FAILED = "!"  # beside a step's own path in `active`: the steps in its stead are under way


def execute(plan: Plan, scope: Scope) -> Generator[Any, Any, str]:
    """Run a plan; returns its final state and leaves the error, if any, in `scope.error`.

    `errors` run after a failure, `finally` always; a failure in either fails the run. A resumed
    scope enters the section its waiting steps lie in and nothing before it; how the run is to end
    is kept in `scope.ending`.
    """
    at_last = resumes(plan.finally_, scope)
    if not at_last and not resumes(plan.errors, scope):
        scope.ending = yield from _main(plan.steps, scope)
    if not at_last and scope.ending == "failed":
        scope.ending = yield from _section(plan.errors, scope, "failed")
    return (yield from _section(plan.finally_, scope, scope.ending))


def _main(block: Block, scope: Scope) -> Generator[Any, Any, str]:
    try:
        yield from run_block(block, scope)
    except Stopped as stop:
        return stopped(stop, scope)
    except Cancelled:
        return "cancelled"
    except Exception as error:
        note(scope, error)
        return "failed"
    return "completed"


def _section(block: Block, scope: Scope, state: str) -> Generator[Any, Any, str]:
    if not block.steps:
        return state
    try:
        yield from run_block(block, scope)
    except Stopped:
        return state
    except Cancelled:
        return "cancelled"
    except Exception as error:
        note(scope, error)
        return "failed"
    return state


def resumes(block: Block, scope: Scope) -> bool:
    """Whether a run that is taken up again was waiting in this block."""
    waiting = scope.resuming
    return bool(waiting) and any(
        step.path in waiting or step.path + _FAILED in waiting for step in block.steps
    )


def run_block(block: Block, scope: Scope) -> Generator[Any, Any, None]:
    """Run steps in order; plain steps are called, waiting ones driven with `yield from`.

    Raises:
        Stopped: a `stop` step ended the run.
        Exception: what a step failed with after its retries, when its `on_error` is `stop`.
    """
    now = scope.now
    for step in _remaining(block, scope) if scope.resuming else block.steps:
        if scope.resuming and step.path + _FAILED in scope.resuming:
            yield from _instead(step, scope)
            continue
        started = now()
        try:
            if step.test is not None and not _entered_before(step, scope) and not step.test(scope):
                skip(step, scope, started)
                continue
            if not step.waits and step.retry is None:
                outputs: Any = step.run(scope)
                scope.records.append(
                    StepRecord(
                        step.path, step.kind, "completed", started, now(), "", outputs, 0,
                        step.parent, step.branch, scope.rounds,
                    )
                )  # fmt: skip
            else:
                outputs = yield from _patiently(step, scope, started)
                end(step, scope, "completed", outputs=outputs)
        except Stopped as stop:
            end(step, scope, "completed", started, outputs=ending(step, stop))
            raise
        except Cancelled:
            end(step, scope, "cancelled", started)
            raise
        except Exception as error:
            yield from _fail(step, scope, error, started)
            continue
        if step.id:
            scope.steps[step.id] = StepResult(
                {"state": "completed", "error": None}, **outputs or {}
            )


def _remaining(block: Block, scope: Scope) -> Sequence[PlannedStep]:
    """The steps from the one that was waiting; all of them when none was in this block."""
    for index, step in enumerate(block.steps):
        if step.path in scope.resuming or step.path + _FAILED in scope.resuming:
            return block.steps[index:]
    return block.steps


def _entered_before(step: PlannedStep, scope: Scope) -> bool:
    return step.path in scope.resuming


def _fail(
    step: PlannedStep, scope: Scope, error: Exception, started: float
) -> Generator[Any, Any, None]:
    scope.loops.pop(step.path + RETRY, None)
    failed(step, scope, error, started)
    if isinstance(step.on_error, Block):
        scope.failures[step.path] = _error(step, error)
        yield from _instead(step, scope)


def _instead(step: PlannedStep, scope: Scope) -> Generator[Any, Any, None]:
    """Run the steps that stand in for a failed one; they alone see its `error`."""
    mark = step.path + _FAILED
    scope.active.add(mark)
    scope.resuming.discard(mark)
    inner = scope.child(scope.repeat)
    inner.error = scope.failures.get(step.path)
    try:
        yield from run_block(step.on_error, inner)  # type: ignore[arg-type]
    finally:
        scope.active.discard(mark)
        scope.failures.pop(step.path, None)


def _error(step: PlannedStep, error: Exception) -> dict[str, Any]:
    return {
        "step": step.id or step.path,
        "message": describe(error),
        "kind": type(error).__name__,
    }


def _patiently(step: PlannedStep, scope: Scope, started: float) -> Generator[Any, Any, Any]:
    """Run a step that may wait: with its retries and its timeout, marked as active meanwhile."""
    begin(step, scope, started)
    scope.active.add(step.path)
    scope.resuming.discard(step.path)
    try:
        return (yield from (scope.carrier or tries)(step, scope))
    finally:
        scope.active.discard(step.path)
        scope.waits.pop(step.path, None)
