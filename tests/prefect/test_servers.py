"""Other servers than ours on SQLite: PostgreSQL, a stock server; and how ours lives and ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.prefect.api import PrefectApi, Refused, api_url
from edge_agent.prefect.server import EmbeddedServer
from flows.prefect.history import flow_run
from schemas.identity import text_id
from tests.prefect.cloud import KEY, cloud
from tests.prefect.comparison import compare
from tests.prefect.scene import Scene, Shown, bulk, near, until, until_true
from tests.prefect.servers import PrefectServer, stock_server
from tests.servers import free_port
from tests.storms.scene import SOAK, report

RUNS = 5_000 if SOAK else 60

# An agent that starts its server and is killed once that runs.
PARENT = """
import asyncio, sys
import msgspec
from edge_agent.prefect.server import EmbeddedServer
from flows.prefect.server.process import Launch
async def main():
    server = EmbeddedServer(msgspec.json.decode(sys.argv[1], type=Launch))
    task = asyncio.create_task(server.run())
    while not server.pid:
        await asyncio.sleep(0.01)
    print(server.pid, flush=True)
    await task
asyncio.run(main())
"""


async def test_postgresql_shows_every_run_too(tmp_path: Path, on_postgres: PrefectServer) -> None:
    scene, api = Scene(tmp_path, "on-postgres"), PrefectApi(on_postgres.api)
    await scene.events(RUNS)
    took = await scene.mirrored(bulk(api))
    report(f"{2 * RUNS} runs to PostgreSQL in {took:.1f} s: {2 * RUNS / took:.0f}/s")
    await compare(scene, Shown(api, "on-postgres"), closely=lambda n: n % (RUNS // 5) == 0)
    await api.close()
    await scene.ledger.close()


async def test_a_stock_server_gets_the_runs_through_the_public_api(
    tmp_path: Path, tables: Path
) -> None:
    with stock_server(tmp_path, tables) as url:
        scene, api = Scene(tmp_path, "on-stock"), PrefectApi(url)
        await scene.events(11)
        for _ in range(2):
            await scene.mirrored(bulk(api))
            scene.ledger.follow("prefect", hold=True).ack(0)
            await scene.ledger.flush()
        await _has_what_the_public_api_can_hold(scene, Shown(api, "on-stock"))
        await api.close()
        await scene.ledger.close()


async def test_a_workspace_of_the_cloud_gets_the_runs_with_its_path_and_key(
    tmp_path: Path, tables: Path
) -> None:
    with stock_server(tmp_path, tables) as url:
        async with cloud(url) as workspace:
            scene, api = Scene(tmp_path, "in-cloud"), PrefectApi(api_url(workspace), KEY)
            await scene.events(11)
            await scene.mirrored(bulk(api))
            await _has_what_the_public_api_can_hold(scene, Shown(api, "in-cloud"))
            stranger = PrefectApi(api_url(workspace), "pnu_other")
            with pytest.raises(Refused, match="401"):
                await stranger.get("/admin/version")
            await stranger.close()
            await api.close()
            await scene.ledger.close()


async def _has_what_the_public_api_can_hold(scene: Scene, shown: Shown) -> None:
    records = sorted(await scene.runs(), key=lambda record: (record.started, record.id))
    steps = sum(len(record.steps) for record in records)

    async def all_there() -> bool:  # task runs are made from events, a moment later
        return await shown.count_ended_tasks() == steps

    await until_true(all_there)
    runs = {run["idempotency_key"]: run for run in await shown.flow_runs()}
    assert len(runs) == len(records)
    tasks = await shown.task_runs()
    for record in records:
        run = runs[text_id(record.id)]
        assert run["state_name"] == record.state.capitalize()
        assert run["parameters"] == record.inputs
        lines = await shown.logs(run["id"])
        for effect in record.effects:
            assert any(near(line["timestamp"], effect.ts) for line in lines)
        assert len(lines) == len(flow_run(record, "home").logs)
        own = {t["task_key"]: t for t in tasks if t["flow_run_id"] == run["id"]}
        for step in record.steps:
            if not step.rounds:
                assert near(own[step.path]["start_time"], step.started)
                assert own[step.path]["state_name"].lower() == step.state


async def test_the_embedded_server_is_started_again_when_it_dies(
    tmp_path: Path, tables: Path
) -> None:
    embedded = EmbeddedServer(PrefectServer(tmp_path, tables=tables).launch)
    task = asyncio.create_task(embedded.run())
    await until(lambda: bool(embedded.pid))
    first = embedded.pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: embedded.pid not in (0, first))
    second = embedded.pid
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not _alive(second)


def test_the_embedded_server_ends_with_an_agent_that_is_killed(tmp_path: Path) -> None:
    import msgspec

    launch = msgspec.json.encode(PrefectServer(tmp_path).launch).decode()
    command = [sys.executable, "-c", PARENT, launch]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        server = int(parent.stdout.readline())
        assert _alive(server)
        parent.kill()
    asyncio.run(until(lambda: not _alive(server)))


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_taken_port_is_left_alone() -> None:
    import socket

    from edge_agent.loopback import free_port as choose

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        port = taken.getsockname()[1]
        assert choose(port) != port
