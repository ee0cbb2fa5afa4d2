"""The end of a run that Prefect's engine has lost: written by us, over what is newer there."""

import time
from typing import Any

import pytest

from edge_agent.prefect.api import PrefectApi
from flows.prefect.history import CARRIED, LATE
from flows.prefect.wire import PROPOSALS_PATH, RUNS_PATH, Batch, Proposal, Proposals
from schemas.identity import text_id, unique_id
from schemas.kept_run import kept
from schemas.run import RunRecord
from tests.prefect.scene import near
from tests.prefect.servers import PrefectServer

AGO = 60.0


async def _set(api: PrefectApi, run: RunRecord, *states: str) -> None:
    """Have Prefect decide on states of a run, now."""
    proposal = Proposal(text_id(run.id), [{"type": state} for state in states])
    await api.post(PROPOSALS_PATH, Proposals(Batch("at-late", []), [proposal], "3.8.8"))


async def _written(api: PrefectApi, run: RunRecord) -> dict[str, Any]:
    """Write a run as it has ended here; what Prefect shows of it then."""
    await api.post(RUNS_PATH, Batch("at-late", [kept(run)]))
    shown: dict[str, Any] = await api.get(f"/flow_runs/{text_id(run.id)}")
    return shown


def _run(pipeline: str, state: str, trigger: dict[str, Any], identity: int) -> RunRecord:
    began = time.time() - AGO
    finished = None if state == "scheduled" else began + 1
    return RunRecord(identity, pipeline, "1", 0, trigger, state, began, finished)


@pytest.mark.parametrize(("trigger", "state"), [({CARRIED: LATE}, "Completed"), ({}, "Running")])
async def test_only_a_late_end_is_put_over_a_newer_state(
    either: PrefectServer, trigger: dict[str, Any], state: str
) -> None:
    api, identity = PrefectApi(either.api), unique_id()
    opened = _run("lost", "scheduled", {}, identity)
    assert (await _written(api, opened))["state_type"] == "SCHEDULED"
    await _set(api, opened, "PENDING", "RUNNING")
    ended = _run("lost", "completed", trigger, identity)
    shown = await _written(api, ended)
    assert shown["state_name"] == state
    if trigger:
        assert ended.finished is not None and near(shown["end_time"], ended.finished)
    await api.close()


async def test_a_late_end_is_not_put_over_another_end(either: PrefectServer) -> None:
    api, identity = PrefectApi(either.api), unique_id()
    opened = _run("cancelled-there", "scheduled", {}, identity)
    await _written(api, opened)
    await _set(api, opened, "PENDING", "RUNNING")
    await _set(api, opened, "CANCELLED")
    late = _run("cancelled-there", "completed", {CARRIED: LATE}, identity)
    assert (await _written(api, late))["state_name"] == "Cancelled"
    await api.close()
