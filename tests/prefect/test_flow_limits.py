"""Prefect's limits on tasks hold for the steps of `path: flow`."""

from itertools import pairwise
from pathlib import Path

from tests.prefect.scene import until_true
from tests.prefect.servers import PrefectServer
from tests.prefect.test_asked import asked
from tests.prefect.test_flow_path import FLOW, ended

WAITS = FLOW + "steps:\n  - {{id: rest, delay: 300ms}}\n"


async def test_a_limit_on_a_tag_lets_one_step_run_at_a_time(
    tmp_path: Path, prefect: PrefectServer
) -> None:
    async with asked(tmp_path, prefect, "narrow", WAITS) as home:
        limit = {"tag": "delay", "concurrency_limit": 1}
        made = await home.api.post("/concurrency_limits/", limit)
        try:
            runs = [await home.run() for _ in range(3)]
            lane = home.scene.engine.lanes["narrow"]
            shown = [(await ended(home, run, 1))["rest 0"] for run in runs]
            await until_true(lambda: _is_idle(lane.active))
        finally:
            await home.api.ask("DELETE", f"/concurrency_limits/{made['id']}")
        spans = sorted((task["start_time"], task["end_time"]) for task in shown)
        assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))


async def _is_idle(active: object) -> bool:
    return not active
