"""Runs through Prefect's public API, for stock servers and Prefect Cloud.

Its limits: a flow run gets the time at which it is written (its own times stand in `context`), a
run is not tied to the run that started it, and 10 to 30 runs a second are what a server takes.
Task runs, their edges and log lines have their true times.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from edge_agent.prefect.api import PrefectApi
from flows.prefect.history import FlowRun, State, TaskRun, flow_run
from schemas.identity import text_id
from schemas.kept_run import KeptRun

_EVENTS_AT_ONCE = 200
_FINAL = frozenset({"COMPLETED", "FAILED", "CANCELLED", "CRASHED"})


class PublicWay:
    """Writes runs one by one, task runs as batches of events, log lines in batches.

    A repeat is recognised by its idempotency key, the run's id; its end is written last, so that
    what was not written whole is written again.
    """

    def __init__(self, api: PrefectApi, agent: str) -> None:
        self._api = api
        self._agent = agent
        self._flows: dict[str, str] = {}

    async def write(self, runs: Sequence[KeptRun], deployments: Mapping[str, str]) -> None:
        """Write the runs.

        Raises:
            OSError: not now; try again.
        """
        begun = [each async for each in self._begun(runs, deployments)]
        for some in _in_parts([e for run, own, _ in begun for e in _task_events(run, own)]):
            await self._api.post("/events", some)
        for some in _in_parts([line for run, own, _ in begun for line in _log_lines(run, own)]):
            await self._api.post("/logs/", some)
        for run, identity, is_over in begun:
            if not (run.claimed or is_over):
                await self._end(run.states[-1], identity)

    async def _begun(
        self, runs: Sequence[KeptRun], deployments: Mapping[str, str]
    ) -> AsyncIterator[tuple[FlowRun, str, bool]]:
        """The runs with the ids Prefect gives them, and whether it has seen them end: these are
        left out, but where it has not heard all of it."""
        for kept in runs:
            run = flow_run(kept.record(), self._agent)
            if run.asked and run.claimed:
                yield run, text_id(run.id), False
                continue
            shown = await self._shown(run, deployments.get(run.flow))
            is_over = shown["state"]["type"] in _FINAL
            if run.claimed or run.late or not is_over:
                yield run, shown["id"], is_over

    async def _shown(self, run: FlowRun, deployment: str | None) -> Any:
        if run.asked:
            return await self._api.get(f"/flow_runs/{text_id(run.id)}")
        return await self._begin(run, deployment)

    async def _begin(self, run: FlowRun, deployment: str | None) -> Any:
        wanted = {
            "name": run.name,
            "flow_id": await self._flow(run.flow),
            "deployment_id": deployment,
            "flow_version": run.version,
            "parameters": run.parameters,
            "tags": run.tags,
            "context": run.context | {"states": [[s.name, _moment(s.at)] for s in run.states]},
            "idempotency_key": text_id(run.id),
            "state": {"type": "RUNNING", "name": "Running"},
        }
        return await self._api.post("/flow_runs/", wanted)

    async def _end(self, last: State, identity: str) -> None:
        if last.type in _FINAL:
            state = {"type": last.type, "name": last.name, "message": last.message}
            path = f"/flow_runs/{identity}/set_state"
            await self._api.post(path, {"state": state, "force": True})

    async def _flow(self, name: str) -> str:
        if name not in self._flows:
            self._flows[name] = (await self._api.post("/flows/", {"name": name}))["id"]
        return self._flows[name]


def _task_events(run: FlowRun, identity: str) -> Iterator[dict[str, Any]]:
    for task in run.tasks:
        for turn, state in enumerate(task.states):
            yield _task_event(task, turn, state, identity)


def _task_event(task: TaskRun, turn: int, state: State, flow_run_id: str) -> dict[str, Any]:
    """The event from which Prefect makes a task run and its state."""
    begun = [each.at for each in task.states[: turn + 1] if each.type == "RUNNING"]
    ended = state.at if state.type in _FINAL else None
    return {
        "id": text_id(task.id ^ (turn + 1) << 48),
        "occurred": _moment(state.at),
        "event": f"prefect.task-run.{state.name}",
        "resource": {
            "prefect.resource.id": f"prefect.task-run.{text_id(task.id)}",
            "prefect.resource.name": task.name,
            "prefect.state-name": state.name,
            "prefect.state-type": state.type,
            "prefect.state-timestamp": _moment(state.at),
            "prefect.orchestration": "client",
        },
        "related": [
            {
                "prefect.resource.id": f"prefect.flow-run.{flow_run_id}",
                "prefect.resource.role": "flow-run",
            }
        ],
        "payload": {
            "intended": {"from": None, "to": state.type},
            "initial_state": None,
            "validated_state": {
                "type": state.type,
                "name": state.name,
                "message": state.message or None,
                "state_details": {},
                "data": None,
            },
            "task_run": {
                "name": task.name,
                "task_key": task.key,
                "dynamic_key": task.turn,
                "task_inputs": _inputs(task),
                "tags": [task.kind],
                "run_count": len(begun),
                "flow_run_run_count": 1,
                "expected_start_time": _moment(task.states[0].at),
                "start_time": _moment(begun[0]) if begun else None,
                "end_time": None if ended is None else _moment(ended),
                "total_run_time": 0 if ended is None or not begun else ended - begun[0],
            },
        },
    }


def _inputs(task: TaskRun) -> dict[str, Any]:
    inputs = {"wait_for": task.after, "__parents__": task.within}
    return {
        name: [{"input_type": "task_run", "id": text_id(other)}]
        for name, other in inputs.items()
        if other
    }


def _log_lines(run: FlowRun, flow_run_id: str) -> Iterable[dict[str, Any]]:
    """The lines of a run that is over: Prefect would show what is sent again twice."""
    for line in run.logs if run.states[-1].type in _FINAL else ():
        yield {
            "name": "hearthflow",
            "level": line.level,
            "message": line.text,
            "timestamp": _moment(line.at),
            "flow_run_id": flow_run_id,
            "task_run_id": text_id(line.task) if line.task else None,
        }


def _in_parts(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), _EVENTS_AT_ONCE):
        yield items[start : start + _EVENTS_AT_ONCE]


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
