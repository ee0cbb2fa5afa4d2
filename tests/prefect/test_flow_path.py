"""`path: flow`: runs carried by Prefect's own engine, on a real server, seen through its API."""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from tests.prefect.scene import until_true
from tests.prefect.servers import PrefectServer
from tests.prefect.test_asked import Asked, asked
from tests.storms.scene import report

FLOW = """
id: {pipeline}
path: flow
labels: {{room: cellar}}
mode: parallel
max: 1000
inputs:
  wait: {{type: number, default: 0}}
triggers:
  - {{id: go, mqtt: {{topic: in}}}}
"""
TWO_STEPS = (
    FLOW
    + """
steps:
  - id: rest
    delay: "{{{{ inputs.wait }}}}s"
  - id: say
    publish: {{topic: out}}
"""
)
NESTED = (
    FLOW
    + """
steps:
  - id: first
    publish: {{topic: out}}
  - id: both
    parallel:
      - - {{id: left, log: left}}
      - - id: rounds
          repeat: {{count: 2, steps: [{{id: turn, log: "{{{{ repeat.index }}}}"}}]}}
  - if: "{{{{ false }}}}"
    id: never
    log: never
  - id: sub
    run: {{pipeline: {pipeline}-sub, inputs: {{n: 3}}}}
"""
)
FAILING = (
    FLOW
    + """
steps:
  - id: late
    wait_for: {{triggers: [{{mqtt: {{topic: never}}}}]}}
    timeout: 300ms
    on_error: continue
  - id: wrong
    publish: {{topic: "out/{{{{ 1 // inputs.wait }}}}"}}
    retry: {{attempts: 3, delay: 200ms}}
finally:
  - {{id: goodbye, publish: {{topic: out/goodbye}}}}
"""
)

KEPT = """
id: {pipeline}
path: flow
inputs:
  name: {{type: text, required: true}}
steps:
  - id: asked
    log: "{{{{ inputs.name + '' }}}}"
    cache: 10m
"""


async def tasks(home: Asked, flow_run: str) -> dict[str, dict[str, Any]]:
    """The task runs of a flow run, by key and turn."""
    found = [task for task in await home.shown.task_runs() if task["flow_run_id"] == flow_run]
    return {f"{task['task_key']} {task['dynamic_key']}": task for task in found}


async def ended(home: Asked, flow_run: str, count: int) -> dict[str, dict[str, Any]]:
    """The task runs of a flow run once so many have ended.

    Prefect writes a task's last state a moment after the task that names it.
    """
    found: dict[str, dict[str, Any]] = {}

    async def there() -> bool:
        found.update(await tasks(home, flow_run))
        return len([task for task in found.values() if task["end_time"] and task["state"]]) == count

    await until_true(there)
    return found


async def test_a_run_is_live_in_prefect_step_by_step(
    tmp_path: Path, prefect: PrefectServer
) -> None:
    async with asked(tmp_path, prefect, "live", TWO_STEPS) as home:
        for turn in ("with the start of the process", "with the process there"):
            began = time.time()
            identity = await home.run(wait=2)
            run = await home.until_state(identity, "Running")
            report(f"running {time.time() - began:.2f} s after it was asked for, {turn}")
            assert run["end_time"] is None and run["deployment_id"] == home.deployment
            assert run["flow_version"] == home.scene.engine.lanes["live"].plan.version

        async def resting() -> bool:
            shown = await tasks(home, identity)
            return [task["state_name"] for task in shown.values()] == ["Running"]

        await until_true(resting)
        await home.until_state(identity, "Completed")
        assert await home.shown.states("flow", identity) == [
            "Scheduled", "Pending", "Running", "Completed",
        ]  # fmt: skip
        shown = await ended(home, identity, 2)
        assert shown["say 0"]["task_inputs"]["wait_for"][0]["id"] == shown["rest 0"]["id"]
        assert [run.state for run in await home.scene.runs()] == ["completed", "completed"]


async def test_a_triggered_run_has_its_own_id_and_its_graph_in_prefect(
    tmp_path: Path, prefect: PrefectServer
) -> None:
    async with asked(tmp_path, prefect, "nested", NESTED) as home:
        home.scene.event(1)
        await until_true(lambda: _ended_here(home, 2))
        (record,) = [run for run in await home.scene.runs() if run.pipeline == "nested"]
        (run,) = [run for run in await home.shown.flow_runs() if not run["name"].startswith("run")]
        run = await home.until_state(run["id"], "Completed")
        assert int(run["id"].replace("-", ""), 16) == record.id
        assert run["context"]["agent"] == "at-nested" and run["deployment_id"] == home.deployment
        shown = await ended(home, run["id"], 8)
        assert {place: task["state_name"] for place, task in shown.items()} == {
            "first 0": "Completed", "both 0": "Completed", "left 0": "Completed",
            "rounds 0": "Completed", "turn 1": "Completed", "turn 2": "Completed",
            "never 0": "Skipped", "sub 0": "Completed",
        }  # fmt: skip
        around = {
            place: [edge["id"] for edge in task["task_inputs"].get("__parents__", [])]
            for place, task in shown.items()
        }
        assert around["turn 2"] == around["turn 1"] == [shown["rounds 0"]["id"]]
        assert around["left 0"] == around["rounds 0"] == [shown["both 0"]["id"]]

        async def linked() -> bool:
            child = [run for run in await home.shown.flow_runs() if run["parent_task_run_id"]]
            return [run["parent_task_run_id"] for run in child] == [shown["sub 0"]["id"]]

        await until_true(linked)


async def test_timeouts_and_retries_are_those_of_prefect(
    tmp_path: Path, prefect: PrefectServer
) -> None:
    async with asked(tmp_path, prefect, "failing", FAILING) as home:
        identity = await home.run()
        run = await home.until_state(identity, "Failed")
        (record,) = await home.scene.runs()
        assert run["state"]["message"] == record.error
        shown = await ended(home, identity, 3)
        assert shown["late 0"]["state_name"] == "TimedOut"
        assert shown["goodbye 0"]["state_name"] == "Completed"
        wrong = shown["wrong 0"]
        assert await home.shown.states("task", wrong["id"]) == [
            "Running", "AwaitingRetry", "Retrying", "AwaitingRetry", "Retrying", "Failed",
        ]  # fmt: skip
        (step,) = [step for step in record.steps if step.path == "wrong"]
        assert step.notes is not None and len(step.notes.tries) == 3
        assert wrong["state"]["message"] == step.error


async def test_a_run_cancelled_in_prefect_does_its_last_steps_and_is_cancelled(
    tmp_path: Path, prefect: PrefectServer
) -> None:
    last = TWO_STEPS + "finally: [{{id: bye, publish: {{topic: out/bye}}}}]\n"
    async with asked(tmp_path, prefect, "ended", last) as home:
        identity = await home.run(wait=60)
        await until_true(lambda: _is_under_way(home, identity))
        began = time.time()
        path = f"/flow_runs/{identity}/set_state"
        await home.api.post(path, {"state": {"type": "CANCELLING"}})
        await home.until_state(identity, "Cancelled")
        report(f"cancelled {time.time() - began:.2f} s after it was asked for")
        shown = await ended(home, identity, 2)
        assert shown["rest 0"]["state_name"] == "Cancelled"
        assert shown["bye 0"]["state_name"] == "Completed"
        assert [run.state for run in await home.scene.runs()] == ["cancelled"]


async def test_a_kept_result_is_taken_again_until_what_it_depends_on_changes(
    tmp_path: Path, prefect: PrefectServer
) -> None:
    async with asked(tmp_path, prefect, "kept", KEPT) as home:
        shown = []
        for name in ("Ada", "Ada", "Bob"):
            identity = await home.run(name=name)
            await home.until_state(identity, "Completed")
            shown.append((await ended(home, identity, 1))["asked 0"]["state_name"])
        assert shown == ["Completed", "Cached", "Completed"]
        runs = sorted(await home.scene.runs(), key=lambda run: run.started)
        assert [run.steps[0].values for run in runs] == [
            {"message": "Ada"}, {"message": "Ada"}, {"message": "Bob"},
        ]  # fmt: skip


async def test_limits_hold_runs_and_steps_back(tmp_path: Path, prefect: PrefectServer) -> None:
    async with asked(tmp_path, prefect, "limited", TWO_STEPS) as home:
        await home.api.ask("PATCH", f"/deployments/{home.deployment}", {"concurrency_limit": 1})
        for number in range(2):
            home.scene.event(number)
        await until_true(lambda: _ended_here(home, 2))
        runs = {run["id"]: run for run in await home.shown.flow_runs()}
        await until_true(lambda: _all_completed(home, runs))
        first, second = sorted(await home.shown.flow_runs(), key=lambda run: run["start_time"])
        assert first["end_time"] <= second["start_time"]
        states = await home.shown.states("flow", second["id"])
        assert "AwaitingConcurrencySlot" in states


async def _ended_here(home: Asked, count: int) -> bool:
    runs = await home.scene.runs()
    return len([run for run in runs if run.finished is not None]) == count


async def _is_under_way(home: Asked, flow_run: str) -> bool:
    return bool(await tasks(home, flow_run))


async def _all_completed(home: Asked, runs: Collection[str]) -> bool:
    shown = await home.shown.flow_runs()
    return {run["id"] for run in shown if run["state_name"] == "Completed"} == set(runs)
