"""A failed test as data: what was expected beside what happened, and every run step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from edge_agent.rehearsal.flow_text import flow
from flows.rehearsal import Failed, Stage
from flows.rehearsal_effects import Happened, Pair, differing, on_the_wire
from pipelines.rehearsal import Rehearsal, Wanted
from schemas.outcomes import (
    Difference,
    EffectShown,
    Failure,
    Heard,
    Mismatch,
    Quiet,
    RunShown,
    StepShown,
)
from schemas.run import RunRecord, StepRecord

_RUNS_SHOWN = 12


def failure_of(failed: Failed, stage: Stage, test: Rehearsal) -> Failure:
    """Everything a person needs to see why a test failed."""
    return Failure(
        line=(failed.at if failed.at.line else test.at).line,
        time=clock_text(stage, stage.clock.now()),
        text=failed.text,
        mismatches=[_mismatch(pair, stage) for pair in failed.pairs],
        runs=[_run(record, stage) for record in [*stage.runs.values()][-_RUNS_SHOWN:]],
        earlier_runs=max(len(stage.runs) - _RUNS_SHOWN, 0),
        heard=_heard(stage),
        quiet=[Quiet(pipeline, reason) for pipeline, reason in stage.silences()],
    )


def _heard(stage: Stage) -> list[Heard]:
    return [
        Heard(
            clock_text(stage, event.received),
            event.source,
            [f"{each.device}.{each.property} {flow(each.value)}" for each in changes],
        )
        for event, changes in stage.scene.heard[-_RUNS_SHOWN:]
    ]


def clock_text(stage: Stage, ts: float) -> str:
    """A time on the test's clock; with its day when that is not the first one."""
    zone = stage.scene.zone
    when, first = (datetime.fromtimestamp(each, zone) for each in (ts, stage.began))
    text = f"{when:%H:%M:%S}"
    if when.microsecond:
        text += f".{when.microsecond // 1000:03}"
    return text if when.date() == first.date() else f"{when:%a %d %b} {text}"


def _mismatch(pair: Pair, stage: Stage) -> Mismatch:
    wanted, happened = pair.wanted, pair.happened
    shown = None if happened is None else _effect(happened, stage)
    if wanted is None:
        return Mismatch(None, shown)
    expected = EffectShown(wanted.kind, wanted.target, wanted.fields, wanted.at.line)
    if happened is None:
        return Mismatch(expected, None)
    return Mismatch(expected, shown, list(_differences(wanted, happened)))


def _effect(happened: Happened, stage: Stage) -> EffectShown:
    record = stage.runs.get(happened.run)
    fields = {key: value for key, value in happened.fields.items() if _is_said(key, value)}
    return EffectShown(
        happened.kind, happened.target, fields, 0, clock_text(stage, happened.ts),
        record.pipeline if record else "",
    )  # fmt: skip


def _is_said(key: str, value: Any) -> bool:
    """Whether a field is worth a word: those that stand at their defaults are not."""
    return value not in ("", {}, None) and (key, value) not in (("qos", 0), ("retain", False))


def _differences(wanted: Wanted, happened: Happened) -> Iterator[Difference]:
    if wanted.target != happened.target:
        yield Difference("", wanted.target, happened.target)
    for key in differing(wanted, happened):
        expected, found = wanted.fields[key], happened.fields.get(key)
        if wanted.kind == "publish" and key == "payload":
            expected, found = on_the_wire(expected), on_the_wire(found)
        yield from _inside(key, expected, found)


def _inside(path: str, expected: Any, found: Any) -> Iterator[Difference]:
    """The values that differ, each with its own path where both are mappings."""
    if not (isinstance(expected, Mapping) and isinstance(found, Mapping)):
        if expected != found or isinstance(expected, bool) != isinstance(found, bool):
            yield Difference(path, expected, found)
        return
    for key in dict.fromkeys([*expected, *found]):
        yield from _inside(f"{path}.{key}", expected.get(key), found.get(key))


def _run(record: RunRecord, stage: Stage) -> RunShown:
    return RunShown(
        pipeline=record.pipeline,
        state=record.state,
        trigger=str(record.trigger.get("id", "")),
        time=clock_text(stage, record.started),
        error=record.error,
        steps=[_step(step, stage) for step in record.steps],
    )


def _step(step: StepRecord, stage: Stage) -> StepShown:
    says = step.error or _skipped(step)
    return StepShown(step.path, step.kind, step.state, clock_text(stage, step.finished), says)


def _skipped(step: StepRecord) -> str:
    if step.state != "skipped":
        return ""
    unmet = step.notes.unmet if step.notes is not None else ""
    return f"its `if` did not hold: {unmet}" if unmet else "its `if` did not hold"
