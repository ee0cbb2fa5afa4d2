"""`Retry` in Prefect: a run that has failed runs again, under its id."""

from __future__ import annotations

from pathlib import Path

from tests.prefect.scene import until_true
from tests.prefect.servers import PrefectServer
from tests.prefect.test_asked import asked

FAILS_FIRST = """
id: {pipeline}
labels: {{room: cellar}}
mode: parallel
triggers: [{{id: go, mqtt: {{topic: in}}}}]
steps:
  - id: count
    remember: {{tries: "{{{{ (memory('tries') or 0) + 1 }}}}"}}
  - id: risky
    log: "{{{{ trigger.payload.n }}}} at try {{{{ memory('tries') / (memory('tries') - 1) }}}}"
"""


async def test_a_run_that_failed_runs_again_with_what_had_started_it(
    tmp_path: Path, prefect: PrefectServer
) -> None:
    async with asked(tmp_path, prefect, "fails-first", FAILS_FIRST) as home:
        home.scene.event(7)
        await home.scene.ledger.flush()

        async def shown() -> bool:
            return [run["state_name"] for run in await home.shown.flow_runs()] == ["Failed"]

        await until_true(shown)
        (run,) = await home.shown.flow_runs()
        again = {"type": "SCHEDULED", "name": "AwaitingRetry"}
        await home.api.post(f"/flow_runs/{run['id']}/set_state", {"state": again, "force": True})
        run = await home.until_state(run["id"], "Completed")
        assert run["run_count"] == 2
        states = await home.shown.states("flow", run["id"])
        assert states == ["Running", "Failed", "AwaitingRetry", "Pending", "Running", "Completed"]

        async def told() -> bool:
            return "7 at try 2.0" in [each["message"] for each in await home.shown.logs(run["id"])]

        await until_true(told)
        lines = [line["message"] for line in await home.shown.logs(run["id"])]
        assert sum("division" in line for line in lines) == 2, "the first attempt's are still there"
        tasks = {task["name"]: task for task in await home.shown.task_runs()}
        assert {task["state_name"] for task in tasks.values()} == {"Completed"}
        assert await home.shown.states("task", tasks["risky"]["id"]) == ["Failed", "Completed"]
        last, *_ = await home.scene.runs()
        assert last.state == "completed" and last.trigger["id"] == "go"
        assert last.trigger["attempt"] == 2
