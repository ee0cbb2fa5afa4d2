"""A strict comparison of two histories: the ledger's and what Prefect's public API says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from schemas.identity import text_id
from schemas.run import RunRecord, StepRecord
from tests.prefect.scene import PAGE, Scene, Shown, near

LINES = 3  # requests at a time: while one is read here the server makes the next

Place = tuple[str, str]
Numbered = tuple[int, RunRecord]


async def compare(scene: Scene, shown: Shown, *, closely: Callable[[int], bool]) -> None:
    """Prefect's history is the ledger's: every run once with parameters, state and times, its steps
    once with theirs, their edges, the calls, every log line; and the state history and the graph of
    those looked at closely (by their number)."""
    records = await scene.runs()
    assert await shown.count() == len(records)
    calls, parts = _Calls(), iter(_in_parts(records))

    async def look() -> None:
        async with shown.another() as own:
            for part in parts:
                await _compare(part, own, calls, closely)

    async with asyncio.TaskGroup() as lines:
        for _ in range(LINES):
            lines.create_task(look())
    calls.compare(records)


def _in_parts(records: Sequence[RunRecord]) -> Iterator[list[Numbered]]:
    """Runs whose steps fill a page."""
    part: list[Numbered] = []
    steps = 0
    for number, record in enumerate(records):
        steps += max(1, len(record.steps))
        if steps >= PAGE and part:
            yield part
            part, steps = [], len(record.steps)
        part.append((number, record))
    if part:
        yield part


async def _compare(
    part: Sequence[Numbered], shown: Shown, calls: _Calls, closely: Callable[[int], bool]
) -> None:
    ids = [text_id(record.id) for _, record in part]
    runs = {run["id"]: run for run in await shown.flow_runs(ids)}
    assert runs.keys() == set(ids)
    tasks: dict[str, dict[Place, dict[str, Any]]] = {identity: {} for identity in ids}
    for task in await shown.task_runs(ids):
        assert _place(task) not in tasks[task["flow_run_id"]]
        tasks[task["flow_run_id"]][_place(task)] = task
    lines: dict[str, list[dict[str, Any]]] = {identity: [] for identity in ids}
    for line in await shown.logs(*ids):
        lines[line["flow_run_id"]].append(line)
    for identity, (number, record) in zip(ids, part, strict=True):
        own = tasks[identity]
        _same_run(runs[identity], record)
        _same_steps(own, record)
        _same_edges(own, record)
        _same_logs(lines[identity], own, record)
        calls.note(runs[identity], own)
        if closely(number):
            await _same_close_by(shown, own, record)


class _Calls:
    """Which task run has started which run: known from both sides, maybe of different pages."""

    def __init__(self) -> None:
        self._callers: dict[str, str] = {}
        self._parents: dict[str, str | None] = {}

    def note(self, run: dict[str, Any], tasks: dict[Place, dict[str, Any]]) -> None:
        self._parents[run["id"]] = run["parent_task_run_id"]
        if ("sub", "0") in tasks:
            self._callers[run["id"]] = tasks["sub", "0"]["id"]

    def compare(self, records: Sequence[RunRecord]) -> None:
        for record in records:
            caller = self._callers[text_id(record.parent)] if record.parent else None
            assert self._parents[text_id(record.id)] == caller


async def _same_close_by(
    shown: Shown, tasks: dict[Place, dict[str, Any]], record: RunRecord
) -> None:
    identity = text_id(record.id)
    _same_graph(await shown.graph(identity), tasks, record)
    assert await shown.states("flow", identity) == ["Running", record.state.capitalize()]
    await _same_tries(shown, tasks, record)


def _place(task: dict[str, Any]) -> Place:
    return task["task_key"], task["dynamic_key"]


def _place_of(step: StepRecord) -> Place:
    return step.path, ".".join(map(str, step.rounds)) or "0"


def _same_run(run: dict[str, Any], record: RunRecord) -> None:
    assert run["state_name"] == record.state.capitalize()
    assert run["state_type"] == record.state.upper()
    assert near(run["start_time"], record.started) and near(run["end_time"], record.finished)
    assert (run["state"]["message"] or "") == record.error
    assert run["parameters"] == record.inputs and run["flow_version"] == record.version
    assert run["context"]["trigger"] == record.trigger and "room:cellar" in run["tags"]


def _same_steps(tasks: dict[Place, dict[str, Any]], record: RunRecord) -> None:
    assert tasks.keys() == {_place_of(step) for step in record.steps}
    for step in record.steps:
        task = tasks[_place_of(step)]
        assert task["state_name"].lower() == step.state
        assert near(task["start_time"], step.started) and near(task["end_time"], step.finished)
        assert (task["state"]["message"] or "") == step.error


def _same_edges(tasks: dict[Place, dict[str, Any]], record: RunRecord) -> None:
    """What a step lies in and which one came before it there, as the record tells it."""
    before: dict[tuple[Place | None, str], str] = {}
    for step in record.steps:
        task = tasks[_place_of(step)]
        around = _around(step, tasks)
        block = around, step.branch if around else ""
        wanted = {
            "wait_for": [before[block]] if block in before else [],
            "__parents__": [tasks[around]["id"]] if around else [],
        }
        inputs = task["task_inputs"]
        assert {n: [each["id"] for each in inputs.get(n, [])] for n in wanted} == wanted
        before[block] = task["id"]


def _around(step: StepRecord, tasks: dict[Place, dict[str, Any]]) -> Place | None:
    """The place of the step around it: of the same round, or the `repeat` that has the rounds."""
    if not step.parent:
        return None
    for rounds in (step.rounds, step.rounds[:-1]):
        place = step.parent, ".".join(map(str, rounds)) or "0"
        if place in tasks:
            return place
    raise AssertionError(f"nothing is around {step.path}")


def _same_graph(
    graph: dict[str, dict[str, Any]], tasks: dict[Place, dict[str, Any]], record: RunRecord
) -> None:
    """Every step but the first of a block comes after one of the same block and round."""
    places = {task["id"]: place for place, task in tasks.items()}
    assert len(graph) == len(places)
    steps = {_place_of(step): step for step in record.steps}
    for node in graph.values():
        if node["kind"] == "flow-run":
            continue
        step = steps[places[node["id"]]]
        around = [places[edge["id"]][0] for edge in node["encapsulating"]]
        assert around == ([step.parent] if step.parent else [])
        for edge in node["parents"]:
            before = steps[places[edge["id"]]]
            assert before.parent == step.parent and before.started <= step.started
    first = [n for n in graph.values() if not n["parents"] and not n["encapsulating"]]
    assert len(first) == 1


def _same_logs(
    lines: list[dict[str, Any]], tasks: dict[Place, dict[str, Any]], record: RunRecord
) -> None:
    """Each effect, each `log` step and each error has its line, at its time, with its step."""
    ids = {(step.path, step.rounds): tasks[_place_of(step)]["id"] for step in record.steps}
    wanted = [
        (f"{effect.kind} {effect.target}", effect.ts, ids.get((effect.step, effect.rounds)))
        for effect in record.effects
    ]
    for step in record.steps:
        own = ids[step.path, step.rounds]
        if step.error:
            wanted.append((step.error, step.finished, own))
        elif step.kind == "log":
            wanted.append((step.values["message"], step.finished, own))
    if record.error and record.finished is not None:
        wanted.append((f"{record.state}: {record.error}", record.finished, None))
    left = list(lines)
    for text, at, task in wanted:
        line = next(
            line
            for line in left
            if line["message"].startswith(text)
            and near(line["timestamp"], at)
            and line["task_run_id"] == task
        )
        left.remove(line)
    assert not left


async def _same_tries(shown: Shown, tasks: dict[Place, dict[str, Any]], record: RunRecord) -> None:
    for step in record.steps:
        if step.notes is None or len(step.notes.tries) < 2:
            continue
        again = ["AwaitingRetry", "Retrying"] * (len(step.notes.tries) - 1)
        states = await shown.states("task", tasks[_place_of(step)]["id"])
        assert states == ["Running", *again, step.state.capitalize()]
