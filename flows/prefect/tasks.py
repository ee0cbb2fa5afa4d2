"""A step of a run as a task of Prefect: its identity, its edges, its tries and what it keeps."""

from __future__ import annotations

from flows.prefect.engine.words import Begin
from flows.prefect.history import step_id, step_name, turn_of
from flows.trying import RETRY, backoff
from pipelines.plan import PlannedStep
from pipelines.scope import Scope
from schemas.identity import stable_id, text_id
from schemas.run import StepRecord


def begin(step: PlannedStep, scope: Scope) -> Begin:
    """What is said of a step that is about to be tried, maybe not for the first time."""
    record, tried = scope.underway[step.path], scope.loops.get(step.path + RETRY, 0)
    around = _around(step, scope)
    before = _before(record, around, scope)
    cache = step.cache
    return Begin(
        text_id(scope.run_id),
        _id(record, scope),
        step.path,
        step_name(record),
        [step.kind],
        turn_of(record),
        after=_id(before, scope) if before else "",
        within=_id(around, scope) if around else "",
        tried=tried,
        delays=_delays(step)[tried:],
        timeout=step.timeout,
        keep="" if cache is None else _keep(step, scope),
        keep_for=0.0 if cache is None else cache.seconds,
    )


def _around(step: PlannedStep, scope: Scope) -> StepRecord | None:
    """The step it lies in; for steps in the stead of a failed one, that one."""
    if not step.parent:
        return None
    over = (record for record in reversed(scope.records) if record.path == step.parent)
    return scope.underway.get(step.parent) or next(over, None)


def _id(record: StepRecord, scope: Scope) -> str:
    return text_id(step_id(scope.run_id, record))


def _before(step: StepRecord, around: StepRecord | None, scope: Scope) -> StepRecord | None:
    """The step that was done before this one in its block."""
    rounds = around.rounds if around else ()
    for record in reversed(scope.records):
        is_beside = (record.parent, record.branch) == (step.parent, step.branch)
        if is_beside and record.state != "skipped" and record.rounds[: len(rounds)] == rounds:
            return record
    return None


def _delays(step: PlannedStep) -> list[float]:
    if step.retry is None:
        return []
    return [backoff(step.retry, tried) for tried in range(1, step.retry.attempts)]


def _keep(step: PlannedStep, scope: Scope) -> str:
    assert step.cache is not None
    said = stable_id("cache", scope.run.pipeline, step.path, step.cache.key(scope))
    return f"hearthflow-{said:032x}"
