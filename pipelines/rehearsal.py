"""The `tests:` of a pipeline, read into what a rehearsal plays."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from pipelines.decode import decode
from pipelines.tree import Map, Seq, place, suggest
from schemas.fields import seconds
from schemas.message import Said
from schemas.problem import Position, Problem
from schemas.rehearsal import (
    Absence,
    EmittedEvent,
    Given,
    HookCall,
    PipelineTest,
    RunByHand,
    ScriptStep,
    Stub,
)

Report = Callable[[Problem], None]

EFFECTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "publish": ("topic", ("payload", "qos", "retain")),
    "device": ("device", ("set", "do", "instance", "transition", "raw")),
    "notify": ("to", ("title", "message", "data")),
    "http": ("url", ("method", "headers", "params", "json", "body")),
    "emit": ("name", ("payload",)),
    "run": ("pipeline", ("state", "error", "inputs")),
    "remember": ("key", ("value",)),
}
"""The kinds of effects: what names the target of one, and what may be compared beside it."""

_SHORT: dict[str, Callable[[str], Struct]] = {
    "emit": lambda name: EmittedEvent(name=name),
    "webhook": lambda name: HookCall(name=name),
    "message": lambda text: Said(text),
    "run": lambda pipeline: RunByHand(pipeline=pipeline),
    "restart": lambda time: Absence(for_=time),
    "offline": lambda time: Absence(for_=time),
}
_NOT_MEANWHILE = {
    "restart": {"restart", "offline", "remember", "emit", "webhook", "message", "run"},
    "offline": {"offline"},
}
_CLOCK = re.compile(r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?")
_DAY = "for example `2026-01-10T18:00:00`"


class Wanted(Struct, frozen=True):
    """One expected effect; `fields` are compared, whatever else it has is not."""

    kind: str
    target: str
    fields: dict[str, Any]
    at: Position


class Act(Struct, frozen=True):
    """One step of a script; `value` is the struct of its kind, for `expect` a tuple of `Wanted`."""

    kind: str
    value: Any
    at: Position
    meanwhile: tuple[Act, ...] = ()


class Rehearsal(Struct, frozen=True):
    """One test, ready to be played."""

    name: str
    pipeline: str
    at: Position
    acts: tuple[Act, ...] = ()
    given: Given = Given()
    stub: Stub = Stub()
    inputs: dict[str, Any] = {}


def read_tests(document: Map, pipeline: str, report: Report) -> tuple[Rehearsal, ...]:
    """The tests of a pipeline's document; those with mistakes are left out and told."""
    tests = document.get("tests")
    if tests is None:
        return ()
    if not isinstance(tests, Seq):
        report(Problem(document.values_at["tests"], "tests are a list", "begin each with `- `"))
        return ()
    read = (
        _test(test, tests.values_at[index], pipeline, report) for index, test in enumerate(tests)
    )
    return tuple(test for test in read if test is not None)


def _test(tree: Any, at: Position, pipeline: str, report: Report) -> Rehearsal | None:
    test, problems = decode(tree, PipelineTest, at, "test")
    for problem in problems:
        report(problem)
    if test is None or problems:
        return None
    if (wrong := _time_problem(test.given.time)) is not None:
        report(Problem(place(tree, ["given", "time"], at), wrong, _DAY))
    if not _is_zone(zone := test.given.home.time_zone):
        spot = place(tree, ["given", "home", "time_zone"], at)
        report(Problem(spot, f"there is no time zone `{zone}`", "for example `Europe/Berlin`"))
    acts = _acts(tree.get("script"), test.script, place(tree, ["script"], at), report)
    return Rehearsal(test.name, pipeline, at, acts, test.given, test.stub, test.inputs)


def _acts(tree: Any, steps: list[Any], at: Position, report: Report) -> tuple[Act, ...]:
    spots = [place(tree, [index], at) for index in range(len(steps))]
    acts = (
        _act(item, step, spot, report)
        for item, step, spot in zip(tree or (), steps, spots, strict=True)
    )
    return tuple(act for act in acts if act is not None)


def _act(tree: Any, step: ScriptStep | str, at: Position, report: Report) -> Act | None:
    if isinstance(step, str):
        return Act(step, 0.0, at)
    if len(tree) != 1:
        known = ", ".join(ScriptStep.__struct_fields__)
        text = "a step of a script does one thing" if tree else "this step does nothing"
        report(Problem(at, text, f"one of {known}"))
        return None
    (kind,) = tree
    inner, value = tree[kind], getattr(step, kind)
    if value is None and kind == "restart":
        return Act(kind, 0.0, at)
    if value is None:
        report(Problem(at, f"`{kind}` says nothing"))
        return None
    if isinstance(value, str) and kind in _SHORT:
        value = _SHORT[kind](value)
    spot = tree.values_at[kind]
    if isinstance(value, Absence):
        meanwhile = place(inner, ["meanwhile"], spot)
        acts = _acts(_under(inner, "meanwhile"), value.meanwhile, meanwhile, report)
        for act in acts:
            if act.kind in _NOT_MEANWHILE[kind]:
                report(Problem(act.at, f"`{act.kind}` cannot be while `{kind}` lasts"))
        return Act(kind, _duration(value.for_, kind, spot, report), at, acts)
    if kind == "advance":
        value = seconds(value)
    elif kind == "at" and not _CLOCK.fullmatch(value) and (wrong := _time_problem(value)):
        report(Problem(spot, wrong, f"`07:30`, or a day and a time: {_DAY}"))
    elif kind == "expect":
        value = _expected(inner, spot, report)
    return Act(kind, value, at)


def _under(tree: Any, key: str) -> Any:
    return tree.get(key) if isinstance(tree, Map) else None


def _duration(value: Any, kind: str, at: Position, report: Report) -> float:
    try:
        return seconds(value)
    except ValueError as error:
        report(Problem(at, f"`{kind}`: {error}"))
        return 0.0


def _is_zone(name: str) -> bool:
    with contextlib.suppress(ZoneInfoNotFoundError, ValueError, OSError):
        return not name or bool(ZoneInfo(name))
    return False


def _time_problem(text: str) -> str | None:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return f"`{text}` is no time"
    return None


# ---------------------------------------------------------------------- what is expected
def _expected(tree: Any, at: Position, report: Report) -> tuple[Wanted, ...]:
    if tree == "nothing":
        return ()
    items = tree if isinstance(tree, Seq) else [tree]
    spots = tree.values_at if isinstance(tree, Seq) else [at]
    read = (_wanted(item, spot, report) for item, spot in zip(items, spots, strict=True))
    return tuple(wanted for wanted in read if wanted is not None)


def _wanted(tree: Map, at: Position, report: Report) -> Wanted | None:
    """An effect as `{device: hall, set: {…}}`, or as `{device: {device: hall, set: {…}}}`."""
    kinds = [key for key in tree if key in EFFECTS]
    if len(kinds) != 1:
        text = "this names two effects" if kinds else "this names no effect"
        report(Problem(at, text, f"one of {', '.join(EFFECTS)}, or `expect: nothing`"))
        return None
    kind, inner = kinds[0], tree[kinds[0]]
    main, _ = EFFECTS[kind]
    fields = _compared(tree, kind, kind, report)
    if not isinstance(inner, Map):
        return Wanted(kind, str(inner), fields, at)
    if not isinstance(inner.get(main), str):
        report(Problem(inner.at, f"`{kind}` needs `{main}`"))
        return None
    return Wanted(kind, inner[main], {**fields, **_compared(inner, kind, main, report)}, at)


def _compared(tree: Map, kind: str, main: str, report: Report) -> dict[str, Any]:
    """The fields of a mapping that are compared; those that this kind does not have are told."""
    known = EFFECTS[kind][1]
    for key in tree:
        if key != main and key not in known:
            hint = suggest(key, known) or f"it has {', '.join(known)}"
            report(Problem(tree.keys_at[key], f"`{key}` is nothing `{kind}` has", hint))
    return {key: tree[key] for key in tree if key in known}
