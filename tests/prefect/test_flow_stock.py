"""`path: flow` on a server without anything of ours: the public API alone."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from tests.prefect.scene import until, until_true
from tests.prefect.servers import PrefectServer, stock_server
from tests.prefect.test_asked import Asked, asked
from tests.prefect.test_flow_path import FLOW, ended

SAYS = FLOW + 'steps:\n  - {{id: say, log: "hello"}}\n  - {{id: tell, publish: {{topic: out}}}}\n'


async def test_a_stock_server_shows_a_run_step_by_step(tmp_path: Path, tables: Path) -> None:
    with stock_server(tmp_path, tables) as url:
        server = cast(PrefectServer, SimpleNamespace(api=url))
        async with asked(tmp_path / "home", server, "stock", SAYS) as home:
            await until(lambda: home.flows.process.is_up)
            await until_true(lambda: _is_taken(home))
            home.scene.event(1)
            shown: list[dict[str, Any]] = []

            async def both_are_there() -> bool:
                shown[:] = await home.shown.flow_runs()
                return [run["state_name"] for run in shown] == ["Completed"] * 2

            await until_true(both_are_there)
            for run in shown:
                states = await home.shown.states("flow", run["id"])
                assert states[-2:] == ["Running", "Completed"]
                tasks = await ended(home, run["id"], 2)
                assert tasks["tell 0"]["task_inputs"]["wait_for"][0]["id"] == tasks["say 0"]["id"]


async def _is_taken(home: Asked) -> bool:
    """Ask for a run; SQLite as Prefect sets it answers 503 while another writes."""
    try:
        await home.run()
    except ConnectionError:
        return False
    return True
