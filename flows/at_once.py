"""Runs that are over at once: no step of the plan can wait, so no generator is needed.

Most pipelines of a home are like this: conditions, then a message. `execute` would make three
generators for each of their runs; this is its loop without them, and nothing else differs.
"""

from __future__ import annotations

from typing import Any

from flows.diary import end, ending, skip
from flows.failing import failed, note, stopped
from pipelines.plan import Block, Plan, PlannedStep
from pipelines.scope import Scope, StepResult
from pipelines.step import Stopped
from schemas.run import StepRecord


def is_at_once(plan: Plan) -> bool:
    """Whether `run_at_once` can run a plan."""
    others = plan.errors.steps or plan.finally_.steps
    return plan.path == "fast" and not others and all(map(_is_plain, plan.steps.steps))


def _is_plain(step: PlannedStep) -> bool:
    return not step.waits and step.retry is None and not isinstance(step.on_error, Block)


def run_at_once(plan: Plan, scope: Scope) -> str:
    """Run a plan from its beginning; what `execute` returns and leaves in the scope.

    A step begins when the one before has ended: the clock is asked once a step.
    """
    now, began = scope.now, scope.run.started
    try:
        for step in plan.steps.steps:
            try:
                if step.test is not None and not step.test(scope):
                    skip(step, scope, began)
                    began = now()
                    continue
                outputs: Any = step.run(scope)
            except Stopped as stop:
                end(step, scope, "completed", began, outputs=ending(step, stop))
                return stopped(stop, scope)
            except Exception as error:
                failed(step, scope, error, began)
                began = now()
                continue
            ended = now()
            scope.records.append(
                StepRecord(
                    step.path, step.kind, "completed", began, ended, "", outputs, 0,
                    step.parent, step.branch,
                )
            )  # fmt: skip
            began = ended
            if step.id:
                scope.steps[step.id] = StepResult(
                    {"state": "completed", "error": None}, **outputs or {}
                )
    except Exception as error:
        note(scope, error)
        return "failed"
    return "completed"
