"""How many runs of two steps Prefect's engine carries a second, and how soon one begins.

python -m tests.benchmarks.bench_flow_path
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from tests.prefect.scene import seconds, until
from tests.prefect.servers import empty_tables, prefect_server
from tests.prefect.test_asked import Asked, asked
from tests.prefect.test_flow_path import TWO_STEPS

_RUNS, _STARTS = 80, 8


async def measure(home: Asked) -> None:
    """Runs that come all at once, then some that are asked for one by one."""
    await until(lambda: home.flows.process.is_up)
    begins = [await _start(home) for _ in range(_STARTS)]
    began = time.perf_counter()
    for number in range(_RUNS):
        home.scene.event(number)
    lane = home.scene.engine.lanes[home.scene.pipeline]
    await until(lambda: not lane.active)
    took = time.perf_counter() - began
    slowest, usual = max(begins), statistics.median(begins)
    sys.stdout.write(f"{_RUNS / took:.1f} flows/s; begun after {usual:.2f} s ({slowest:.2f} s)\n")


async def _start(home: Asked) -> float:
    """Seconds from "Run" to the state Running."""
    asked_at = time.time()
    run = await home.until_state(await home.run(), "Running", "Completed")
    states = await home.api.get(f"/flow_run_states/?flow_run_id={run['id']}")
    (running,) = [state for state in states if state["name"] == "Running"]
    return seconds(running["timestamp"]) - asked_at


async def main() -> None:
    """Measure on a server of its own."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with prefect_server(home, tables=empty_tables(home)) as server:
            async with asked(home / "agent", server, "bench", TWO_STEPS) as scene:
                await measure(scene)


if __name__ == "__main__":
    uvloop.run(main())
