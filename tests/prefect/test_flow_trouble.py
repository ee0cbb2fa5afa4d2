"""Runs that Prefect's engine carries while one of those who carry them dies."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from schemas.identity import text_id
from tests.prefect.door import Door
from tests.prefect.scene import until, until_true
from tests.prefect.servers import PrefectServer, prefect_server
from tests.prefect.test_asked import Asked, asked
from tests.prefect.test_flow_path import FLOW, TWO_STEPS, ended, tasks
from tests.storms.scene import report

TRIED = (
    FLOW
    + """
steps:
  - id: wrong
    publish: {{topic: "out/{{{{ 1 // inputs.wait }}}}"}}
    retry: {{attempts: 2, delay: 3s}}
"""
)


async def waiting(home: Asked, flow_run: str) -> None:
    """Wait until a run is seen at its first step."""

    async def there() -> bool:
        return bool(await tasks(home, flow_run))

    await until_true(there)


async def whole(home: Asked, flow_run: str, state: str = "Completed") -> None:
    """The run and its two steps have ended in Prefect as they have here."""
    run = await home.until_state(flow_run, state)
    shown = await ended(home, flow_run, 2)
    assert {task["state_name"] for task in shown.values()} == {"Completed"}
    (record,) = await home.scene.runs()
    assert record.state == state.lower() and run["end_time"] is not None


async def test_a_run_goes_on_when_the_process_of_the_engine_is_killed(
    tmp_path: Path, prefect: PrefectServer
) -> None:
    async with asked(tmp_path, prefect, "engine-killed", TWO_STEPS) as home:
        identity = await home.run(wait=3)
        await waiting(home, identity)
        os.kill(home.flows.process.pid, signal.SIGKILL)
        await whole(home, identity)
        assert home.flows.process.starts == 2
        (record,) = await home.scene.runs()
        assert record.finished is not None
        report(f"over {record.finished - record.started:.1f} s after it began, for a wait of 3 s")
        states = await home.shown.states("flow", identity)
        assert states[-1] == "Completed"
        report(f"its states: {states}")


async def test_a_run_is_taken_up_after_a_restart_of_the_agent(
    tmp_path: Path, prefect: PrefectServer
) -> None:
    async with asked(tmp_path, prefect, "restarted", TWO_STEPS) as home:
        identity = await home.run(wait=6)
        await waiting(home, identity)
    again = time.time()
    async with asked(tmp_path, prefect, "restarted", TWO_STEPS) as home:
        await whole(home, identity)
        (record,) = await home.scene.runs()
        (rest,) = [step for step in record.steps if step.path == "rest"]
        assert rest.started < again and rest.finished - rest.started >= 6
        report(f"its states: {await home.shown.states('flow', identity)}")


async def test_tries_are_counted_over_a_restart(tmp_path: Path, prefect: PrefectServer) -> None:
    async with asked(tmp_path, prefect, "tried", TRIED) as home:
        identity = await home.run()
        await until_true(lambda: _awaits(home, identity))
    async with asked(tmp_path, prefect, "tried", TRIED) as home:
        await home.until_state(identity, "Failed")
        (record,) = await home.scene.runs()
        (step,) = record.steps
        assert step.notes is not None and len(step.notes.tries) == 2


async def test_a_run_goes_on_here_while_prefect_is_away_and_is_written_afterwards(
    tmp_path: Path, tables: Path
) -> None:
    with prefect_server(tmp_path, tables=tables) as server:
        async with asked(tmp_path / "home", server, "away", TWO_STEPS) as home:
            await until(lambda: home.flows.process.is_up)
            begun = await home.run(wait=2)
            await waiting(home, begun)
            server.kill()
            began = time.time()
            home.scene.event(1)
            await until_true(lambda: _over(home, 2))
            report(f"both runs over after {time.time() - began:.1f} s, without Prefect")
            server.start()
            await until_true(lambda: _shown(home, 2))
            for record in await home.scene.runs():
                await home.until_state(text_id(record.id), "Completed")
                await ended(home, text_id(record.id), 2)


async def test_an_end_that_prefect_does_not_hear_is_not_a_failure(
    tmp_path: Path, prefect: PrefectServer
) -> None:
    async with (
        Door(prefect.api).standing() as door,
        asked(tmp_path, door, "unheard", TWO_STEPS) as home,
    ):
        identity = await home.run()
        door.word, door.refusals = b'"COMPLETED"', 2  # the engine asks twice
        await whole(home, identity)
        assert door.refusals == 0
        assert "Failed" not in await home.shown.states("flow", identity)


async def _awaits(home: Asked, flow_run: str) -> bool:
    return [t["state_name"] for t in (await tasks(home, flow_run)).values()] == ["AwaitingRetry"]


async def _over(home: Asked, count: int) -> bool:
    await home.scene.ledger.flush()
    runs = await home.scene.runs()
    return len([run for run in runs if run.state == "completed"]) == count


async def _shown(home: Asked, count: int) -> bool:
    return await home.shown.count() == count
