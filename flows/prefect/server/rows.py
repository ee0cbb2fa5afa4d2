"""Runs as rows of Prefect's tables: the columns we fill, and a run's values for them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from flows.prefect.history import FlowRun, State, TaskRun
from schemas import identity

FINAL = frozenset({"COMPLETED", "FAILED", "CANCELLED", "CRASHED"})

_FATE = (
    "state_id", "state_type", "state_name", "state_timestamp", "run_count",
    "expected_start_time", "start_time", "end_time", "total_run_time",
)  # fmt: skip
_STATE = (
    "id", "created", "updated", "type", "timestamp", "name", "message", "state_details", "data",
)  # fmt: skip
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "flow_run": (
        "id", "created", "updated", "name", "flow_id", "deployment_id", "flow_version",
        "parameters", "tags", "labels", "context", "created_by", "parent_task_run_id", *_FATE,
    ),
    "task_run": (
        "id", "created", "updated", "name", "flow_run_id", "task_key", "dynamic_key",
        "task_inputs", "tags", "flow_run_run_count", *_FATE,
    ),
    "flow_run_state": ("flow_run_id", *_STATE),
    "task_run_state": ("task_run_id", *_STATE),
    "log": (
        "id", "created", "updated", "name", "level", "timestamp", "message", "flow_run_id",
        "task_run_id",
    ),
}  # fmt: skip
CHANGING: Mapping[str, tuple[str, ...]] = {
    "flow_run": ("updated", "parent_task_run_id", *_FATE),
    "task_run": ("updated", "name", "task_inputs", *_FATE),
}

Row = tuple[Any, ...]
_PARENT = COLUMNS["flow_run"].index("parent_task_run_id")

# The ids of a run and of its steps come again in rows near by.
text_id = lru_cache(4096)(identity.text_id)


class Conflict(Exception):
    """Rows contradict what is in the database: their flow is gone, or a run was another one."""


class Encoding(NamedTuple):
    """How a database takes a time (epoch seconds) and a span (seconds).

    `written` is the time at which a state or log line was written, as fine as it is worth: nobody
    is shown it.
    """

    moment: Callable[[float], Any]
    span: Callable[[float], Any]
    written: Callable[[float], Any]


class Rows:
    """What a batch of runs becomes: rows by table, and the links between parents and children."""

    def __init__(self, encoding: Encoding, now: float) -> None:
        self.tables: dict[str, list[Row]] = {table: [] for table in COLUMNS}
        self.parents: list[tuple[str, str]] = []  # flow run id, id of the task run that started it
        self.late: list[tuple[str]] = []  # ids of flow runs whose end here is the last word
        self._encoding = encoding
        self._now = encoding.moment(now)
        self._written = encoding.written(now)

    def add(self, run: FlowRun, *, flow: str, deployment: str | None, creator: str) -> None:
        """Add a run of the flow with this id (and deployment)."""
        moment, tables, id_ = self._encoding.moment, self.tables, text_id(run.id)
        own = _own_id(run.id, run.attempt)
        if not run.claimed:
            tables["flow_run"].append(self._flow_run(run, flow, deployment, creator))
            tables["flow_run_state"] += self._states(id_, run.id, run.states)
        for task in run.tasks:
            self._add_task(id_, task, run.attempt)
        for number, line in enumerate(run.logs):
            task_id = text_id(line.task) if line.task else None
            line_id = text_id(_sub_id(own, number))
            text, written = _storable(line.text), self._written
            tables["log"].append(
                (
                    line_id, written, written, "hearthflow", line.level, moment(line.at), text,
                    id_, task_id,
                )
            )  # fmt: skip
        self.parents += [(text_id(child), text_id(task)) for child, task in run.calls]
        if run.late:
            self.late.append((id_,))
        if run.parent_task:
            self.parents.append((id_, text_id(run.parent_task)))

    def join(self) -> None:
        """Name the parents that are among these rows in the rows; the others stay in `parents`."""
        tasks = {row[0] for row in self.tables["task_run"]}
        runs = self.tables["flow_run"]
        at = {row[0]: number for number, row in enumerate(runs)}
        others = []
        for run, task in self.parents:
            if run in at and task in tasks:
                row = runs[at[run]]
                runs[at[run]] = (*row[:_PARENT], task, *row[_PARENT + 1 :])
            else:
                others.append((run, task))
        self.parents = others

    def _flow_run(self, run: FlowRun, flow: str, deployment: str | None, creator: str) -> Row:
        return (
            text_id(run.id), self._encoding.moment(run.states[0].at), self._now, run.name, flow,
            deployment, run.version, _json(run.parameters), _json(run.tags), "{}",
            _json(run.context), creator, None, *self._fate(run.id, run.states),
        )  # fmt: skip

    def _add_task(self, run_id: str, task: TaskRun, attempt: int) -> None:
        id_, own = text_id(task.id), _own_id(task.id, attempt)
        self.tables["task_run"].append(
            (
                id_, self._encoding.moment(task.states[0].at), self._now, task.name, run_id,
                task.key, task.turn, _inputs(task), _json([task.kind]), 1,
                *self._fate(own, task.states),
            )
        )  # fmt: skip
        # That a step ran says its start time; a state of its own for it costs 400 bytes and is
        # written only where there is a history: of several tries.
        first = 1 if len(task.states) == 2 else 0
        self.tables["task_run_state"] += self._states(id_, own, task.states, first)

    def _states(
        self, owner: str, number: int, states: Sequence[State], first: int = 0
    ) -> Iterable[Row]:
        moment, written = self._encoding.moment, self._written
        for turn, state in enumerate(states[first:], first):
            message = _storable(state.message) or None
            yield (
                owner, text_id(_sub_id(number, turn)), written, written, state.type,
                moment(state.at), state.name, message, "{}", "null",
            )  # fmt: skip

    def _fate(self, number: int, states: Sequence[State]) -> Row:
        """The columns that Prefect derives from the states in order."""
        moment, span, last = self._encoding.moment, self._encoding.span, states[-1]
        begun = [state.at for state in states if state.type == "RUNNING"]
        ended = last.at if last.type in FINAL else None
        return (
            text_id(_sub_id(number, len(states) - 1)), last.type, last.name, moment(last.at),
            len(begun), moment(states[0].at), moment(begun[0]) if begun else None,
            None if ended is None else moment(ended), span(_running_time(states)),
        )  # fmt: skip


def _running_time(states: Sequence[State]) -> float:
    pairs = itertools.pairwise(states)
    return sum(after.at - state.at for state, after in pairs if state.type == "RUNNING")


def _own_id(number: int, attempt: int) -> int:
    """What the ids of an attempt's states and log lines come from."""
    return number ^ (attempt - 1) << 80


def _sub_id(number: int, turn: int) -> int:
    """The id of the `turn`-th thing of its kind that belongs to a run: near it in an index.

    Ids of runs of one event differ in their lowest bits, so these are left alone.
    """
    return number ^ (turn + 1) << 48


def _inputs(task: TaskRun) -> str:
    inputs = {"wait_for": task.after, "__parents__": task.within}
    return _json(
        {
            name: [{"input_type": "task_run", "id": text_id(other)}]
            for name, other in inputs.items()
            if other
        }
    )


def _json(value: Any) -> str:
    return msgspec.json.encode(value, enc_hook=str).decode().replace("\\u0000", "")


def _storable(text: str) -> str:
    """PostgreSQL has no form for a NUL in a text."""
    return text.replace("\0", "")
