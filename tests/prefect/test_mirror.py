"""The mirror: Prefect shows what the ledger holds, whatever happens on the way."""

from __future__ import annotations

import time
from pathlib import Path

from edge_agent.prefect.api import PrefectApi
from edge_agent.prefect.mirror import Mirror
from schemas.settings import PrefectSettings
from tests.prefect.comparison import compare
from tests.prefect.scene import Scene, Shown, bulk, until_true
from tests.prefect.servers import PrefectServer, prefect_server
from tests.storms.scene import SOAK, report

RUNS = 10_000 if SOAK else 150
RATE, RUNS_AN_EVENT = 100.0, 1.9  # runs a second; one event in ten fails before its sub-run
AWAY_SECONDS, WINDOW = (600.0, 5.0) if SOAK else (2.0, 0.5)
CATCHING_UP = 24 if SOAK else 2  # windows


async def test_prefect_shows_every_run_with_its_steps_edges_times_and_logs(
    tmp_path: Path, prefect: PrefectServer
) -> None:
    scene, api = Scene(tmp_path, "five-steps"), PrefectApi(prefect.api)
    await scene.events(RUNS)
    took = await scene.mirrored(bulk(api))
    count = len(await scene.runs())
    report(f"{count} runs to SQLite in {took:.1f} s: {count / took:.0f}/s")
    began = time.monotonic()
    await compare(scene, Shown(api, "five-steps"), closely=lambda n: n % (RUNS // 15) == 0)
    report(f"compared in {time.monotonic() - began:.0f} s")
    await api.close()
    await scene.ledger.close()


async def test_what_is_carried_twice_is_shown_once(tmp_path: Path, prefect: PrefectServer) -> None:
    scene, api = Scene(tmp_path, "twice"), PrefectApi(prefect.api)
    await scene.events(20)
    for _ in range(2):
        await scene.mirrored(bulk(api))
        scene.ledger.follow("prefect", hold=True).ack(0)
        await scene.ledger.flush()
    await compare(scene, Shown(api, "twice"), closely=lambda n: n < 3)
    await api.close()
    await scene.ledger.close()


class Load:
    """Events at a steady rate, a window of time after the other; `took` has what each took, in
    seconds, by what went on meanwhile."""

    def __init__(self, scene: Scene) -> None:
        self.took: dict[str, list[float]] = {}
        self._scene = scene
        self._next = 0

    async def window(self, meanwhile: str) -> None:
        """The events of one window."""
        rate = RATE / RUNS_AN_EVENT
        count = round(WINDOW * rate)
        took = await self._scene.events(count, first=self._next, rate=rate)
        self.took.setdefault(meanwhile, []).extend(took)
        self._next += count

    def __str__(self) -> str:
        return ", ".join(f"{_p99_ms(took):.2f} {what}" for what, took in self.took.items())


def _p99_ms(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.99)] * 1e3


async def test_a_server_that_was_away_and_is_killed_while_catching_up_shows_all_runs_once(
    tmp_path: Path, tables: Path
) -> None:
    """Windows with a mirror and without one take turns, so that both are measured alike."""
    scene = Scene(tmp_path, "outage")
    load = Load(scene)
    with prefect_server(tmp_path, tables=tables) as server:
        api = PrefectApi(server.api)
        way = bulk(api)
        async with scene.mirroring(way) as mirror:
            await load.window("following")
            await scene.carried(mirror)
        server.kill()
        for _ in range(round(AWAY_SECONDS / WINDOW / 2)):
            async with scene.mirroring(way):
                await load.window("with the server away")
            await load.window("without a mirror")
        for _ in range(2):
            server.launch_only()
            async with scene.mirroring(way) as mirror:
                await _some_carried(mirror)
                server.kill()
        server.start()
        for _ in range(CATCHING_UP):
            async with scene.mirroring(way):
                await load.window("catching up")
            await load.window("without a mirror beside")
        report(f"event to end of run, p99 in ms: {load}")
        async with scene.mirroring(way) as mirror:
            await scene.carried(mirror)
        await compare(scene, Shown(api, "outage"), closely=lambda n: n % 100 == 0)
        await api.close()
    await scene.ledger.close()


async def _some_carried(mirror: Mirror) -> None:
    before = await mirror.behind()

    async def fewer() -> bool:
        return before == 0 or await mirror.behind() < before

    await until_true(fewer)


async def test_beyond_the_limits_failures_are_shown_and_of_the_rest_samples(
    tmp_path: Path, prefect: PrefectServer
) -> None:
    scene, api = Scene(tmp_path, "many"), PrefectApi(prefect.api)
    await scene.events(100)
    few = PrefectSettings(per_minute=10, per_day=1_000, sample=20)
    async with scene.mirroring(bulk(api), few) as mirror:
        await scene.carried(mirror)
    shown = Shown(api, "many")
    failed = {"flow_runs": {"state": {"type": {"any_": ["FAILED"]}}}}
    assert await shown.count(**failed) == 10
    completed = await shown.count() - 10
    assert 20 <= completed <= 60, "ten of each pipeline, and a few of the others"
    await api.close()
    await scene.ledger.close()


async def test_a_run_is_shown_running_while_it_waits_and_completed_afterwards(
    tmp_path: Path, prefect: PrefectServer
) -> None:
    text = """
id: {pipeline}
labels: {{room: cellar}}
triggers: [{{mqtt: {{topic: in}}}}]
steps: [{{publish: {{topic: out}}}}, {{delay: 1s}}, {{publish: {{topic: out}}}}]
"""
    scene, api = Scene(tmp_path, "waits", text), PrefectApi(prefect.api)
    shown = Shown(api, "waits")
    async with scene.mirroring(bulk(api)) as mirror:
        scene.event(1)
        await scene.ledger.flush()
        await scene.carried(mirror)
        (run,) = await shown.flow_runs()
        assert run["state_type"] == "RUNNING" and run["end_time"] is None
        await scene.events(0)
        await scene.carried(mirror)
    await compare(scene, shown, closely=lambda n: True)
    await api.close()
    await scene.ledger.close()
