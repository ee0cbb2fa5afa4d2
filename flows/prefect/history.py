"""A finished or waiting run in Prefect's words: flow run, task runs, states, edges, log lines."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct, structs

from flows.prefect.nesting import Placed, placed
from schemas.identity import part_id, stable_id, text_id
from schemas.run import Effect, RunRecord, StepRecord

INFO, WARNING, ERROR = 20, 30, 40
# The key in a run's trigger that says Prefect itself has made the flow run, of this name.
CLAIMED = "flow_run"
# The key that says Prefect's own engine carries the run and has its states and tasks; `LATE` where
# it has not heard all of it, and gets it from the record after all.
CARRIED, LIVE, LATE = "carried", "live", "late"
# The key that says the how manieth time the run is tried, from the second; its states and lines
# stand beside those of the earlier times.
ATTEMPT = "attempt"
_SHORTEST = 1e-6  # Prefect keeps one state of a run at a time, by the microsecond
_LONGEST_TEXT = 2_000

Place = tuple[str, tuple[int, ...]]
_RUNNING = ("RUNNING", "Running")
_RETRYING = ("RUNNING", "Retrying")
_AWAITING_RETRY = ("SCHEDULED", "AwaitingRetry")
_STATES = {
    "scheduled": ("SCHEDULED", "Scheduled"),
    "queued": ("PENDING", "Pending"),
    "running": _RUNNING,
    "waiting": _RUNNING,
    "completed": ("COMPLETED", "Completed"),
    "skipped": ("COMPLETED", "Skipped"),
    "failed": ("FAILED", "Failed"),
    "cancelled": ("CANCELLED", "Cancelled"),
    "crashed": ("CRASHED", "Crashed"),
}


class State(Struct, frozen=True, array_like=True, gc=False):
    """One state of a flow run or task run; `at` in epoch seconds."""

    type: str
    name: str
    at: float
    message: str = ""


class TaskRun(Struct, frozen=True, gc=False):
    """A step that was executed; `turn` tells the rounds of one step apart (`2.1`, else `0`).

    `after` is the task run before it in its block, `within` the one around it; empty for none.
    """

    id: int
    key: str
    turn: str
    name: str
    kind: str
    after: int
    within: int
    states: list[State]


class LogLine(Struct, frozen=True, gc=False):
    """One line of a run's log; `task` is the task run it belongs to, 0 for none."""

    level: int
    at: float
    text: str
    task: int


class FlowRun(Struct, frozen=True):
    """A run as Prefect shows it. `calls` are the runs it started: run id and task run id.

    `asked`: Prefect has made the flow run itself, under this id. `claimed`: it hears of its states
    from elsewhere; where its engine carries the run, of its steps too, but for those that were
    skipped; the `run` steps are there all the same, so that the runs they started can be tied to
    them. `late`: it has not heard all of it, and this end is the last word.
    """

    id: int
    flow: str
    name: str
    version: str
    parameters: dict[str, Any]
    tags: list[str]
    context: dict[str, Any]
    states: list[State]
    tasks: list[TaskRun]
    logs: list[LogLine]
    parent_task: int = 0
    calls: list[tuple[int, int]] = []
    asked: bool = False
    claimed: bool = False
    late: bool = False
    attempt: int = 1


def flow_run(record: RunRecord, agent: str) -> FlowRun:
    """The run an agent of this name has recorded, in Prefect's words."""
    steps = list(placed(record.steps))
    calls = dict(_calls(record.effects))
    ids = [_task_id(record, step, calls) for step in record.steps]
    tasks = [_task_run(each, ids) for each in steps]
    trigger = str(record.trigger.get("id", ""))
    carried = record.trigger.get(CARRIED)
    is_live, is_asked = carried == LIVE, CLAIMED in record.trigger
    return FlowRun(
        id=record.id,
        flow=record.pipeline,
        name=f"{trigger or 'run'}-{zlib.crc32(record.id.to_bytes(16)):08x}",
        version=record.version,
        parameters=record.inputs,
        tags=[agent, *(f"{name}:{value}" for name, value in record.labels.items())],
        context={"trigger": record.trigger, "event": text_id(record.event), "agent": agent},
        states=_run_states(record),
        tasks=[task for task in tasks if not is_live or task.kind == "run" or _is_skipped(task)],
        logs=_log_lines(record, ids),
        parent_task=call_id(record.id) if record.parent else 0,
        calls=list(_links(record, calls)),
        asked=is_asked,
        claimed=is_live or (is_asked and carried is None),
        late=carried == LATE,
        attempt=record.trigger.get(ATTEMPT, 1),
    )


def call_id(child: int) -> int:
    """The id of the task run that started this run: both sides of a call know it from the run."""
    return stable_id("call", child.to_bytes(16))


def _calls(effects: Sequence[Effect]) -> Iterator[tuple[Place, int]]:
    """The runs that were started, by path and rounds of the `run` step."""
    for effect in effects:
        if effect.kind == "run" and isinstance(effect.payload, dict) and "id" in effect.payload:
            yield (effect.step, effect.rounds), UUID(effect.payload["id"]).int


def _is_skipped(task: TaskRun) -> bool:
    return task.states[-1].name == "Skipped"


def _links(record: RunRecord, calls: Mapping[Place, int]) -> Iterator[tuple[int, int]]:
    """The runs that were started, and the task runs that started them."""
    for step in record.steps:
        if child := calls.get((step.path, step.rounds)):
            yield child, _task_id(record, step, calls)


def _task_id(record: RunRecord, step: StepRecord, calls: Mapping[Place, int]) -> int:
    if CARRIED not in record.trigger and (child := calls.get((step.path, step.rounds))):
        return call_id(child)
    return step_id(record.id, step)


def step_id(run: int, step: StepRecord) -> int:
    """The id of the task run that stands for a step of a run."""
    return part_id(run, f"{step.path}/{step.rounds}")


def _task_run(each: Placed, ids: Sequence[int]) -> TaskRun:
    step = each.step
    return TaskRun(
        id=ids[each.number],
        key=step.path,
        turn=turn_of(step),
        name=step_name(step),
        kind=step.kind,
        after=0 if each.after is None else ids[each.after],
        within=0 if each.within is None else ids[each.within],
        states=_step_states(step),
    )


def turn_of(step: StepRecord) -> str:
    """What tells the rounds of one step apart."""
    return ".".join(map(str, step.rounds)) or "0"


def step_name(step: StepRecord) -> str:
    """What a person reads as the name of a step: its id, or what it is."""
    last = step.path.rpartition("/")[2]
    return step.kind if last.isdigit() else last


def _run_states(record: RunRecord) -> list[State]:
    begun = State(*_STATES.get(record.state, _RUNNING), record.started)
    if record.finished is None:
        return [begun]
    end = State(*_STATES[record.state], record.finished, record.error)
    return _in_order([State(*_RUNNING, record.started), end])


def _step_states(step: StepRecord) -> list[State]:
    """How a step went on: with a state for each try, where there were several."""
    states = [State(*_RUNNING, step.started)]
    tries = step.notes.tries if step.notes else ()
    for number, tried in enumerate(tries if step.state == "waiting" else tries[:-1], 1):
        states.append(State(*_AWAITING_RETRY, tried.finished, tried.error))
        if number < len(tries):
            states.append(State(*_RETRYING, tries[number].started))
    if step.state != "waiting":
        states.append(State(*_STATES[step.state], step.finished, step.error))
    return _in_order(states)


def _in_order(states: Sequence[State]) -> list[State]:
    """The states with times that rise: Prefect keeps one at a time."""
    rising: list[State] = []
    for state in states:
        earliest = rising[-1].at + _SHORTEST if rising else state.at
        rising.append(state if state.at >= earliest else structs.replace(state, at=earliest))
    return rising


def _log_lines(record: RunRecord, ids: Sequence[int]) -> list[LogLine]:
    """What a run did to the world, what its `log` steps said and what went wrong, in order."""
    at = {(s.path, s.rounds): number for s, number in zip(record.steps, ids, strict=True)}
    lines = [
        LogLine(INFO, effect.ts, _effect_text(effect), at.get((effect.step, effect.rounds), 0))
        for effect in record.effects
    ]
    for step, task in zip(record.steps, ids, strict=True):
        if step.error:
            lines.append(LogLine(ERROR, step.finished, step.error, task))
        elif step.kind == "log" and isinstance(step.values, dict):
            lines.append(LogLine(INFO, step.finished, str(step.values.get("message", "")), task))
    if record.error and record.finished is not None:
        lines.append(LogLine(ERROR, record.finished, f"{record.state}: {record.error}", 0))
    return sorted(lines, key=lambda line: line.at)


def _effect_text(effect: Effect) -> str:
    payload = effect.payload
    text = payload if isinstance(payload, str) else msgspec.json.encode(payload).decode()
    done = "" if effect.performed else " (not performed)"
    return f"{effect.kind} {effect.target} {text}".rstrip()[:_LONGEST_TEXT] + done
