"""What an agent holds in memory, idle and under load, without Prefect and with it.

Run as `python -m tests.benchmarks.bench_memory [SECONDS A LOAD] [EVENTS AT LAST]`. A commit runs
through 16 MB of DuckDB's code, so what is measured at once after a load has those pages; they are
given back when nothing has happened for ten seconds.
"""

# ruff: noqa: T201
from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from pathlib import Path

from edge_agent.bench.meter import Load, Meter
from edge_agent.bench.trial import RATE, WINDOW, agent_at, broker
from edge_agent.loopback import free_port

SETTLE = 15.0  # seconds after which what was needed for a moment has been given back
_HEAD = f"{'':34}{'agent':>7}{'its own':>9}{'files':>7}{'server':>8}  MB"


def held(pid: int) -> dict[str, float]:
    """Megabytes of a process: `Rss`, and of these `RssAnon` of its own, `RssFile` of files."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    fields = [
        line.replace("VmRSS", "Rss").split() for line in lines if "Rss" in line or "RSS" in line
    ]
    return {name.rstrip(":"): int(size) / 1000 for name, size, _ in fields}


def children(pid: int) -> list[int]:
    """The processes a process has started, and those that these have."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    found = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    return found + [later for child in found for later in children(child)]


async def answers(port: int) -> None:
    """Wait until somebody listens on a port."""
    while True:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.5)


def show(what: str, pid: int, load: Load | None = None) -> None:
    """One line of the table."""
    agent, servers = held(pid), [held(child)["Rss"] for child in children(pid)]
    parts = f"{agent['Rss']:7.0f}{agent['RssAnon']:9.0f}{agent['RssFile']:7.0f}{sum(servers):8.0f}"
    timing = "" if load is None else f"  p50 {load.p50_ms:.2f} ms, p99 {load.p99_ms:.2f} ms"
    print(f"{what:34}{parts}{timing}", flush=True)


async def measure(server: str, seconds: float, events: int) -> None:
    """One agent through its states."""
    print(f"prefect: {server}\n{_HEAD}")
    port, prefect = free_port(), free_port()
    settings = f"prefect: {{server: {server}, port: {prefect}}}\n"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with (
            broker(folder, port),
            Meter("127.0.0.1", port, folder / "meter") as meter,
            agent_at(folder / "home", port, settings=settings) as agent,
        ):
            await meter.first_action()
            if server == "embedded":
                await answers(prefect)
            await asyncio.sleep(SETTLE)
            show("idle", agent.pid)
            load = await meter.steady(RATE, seconds, qos=1)
            show(f"after {RATE}/s for {seconds:g} s", agent.pid, load)
            load = await meter.closed(WINDOW, seconds, qos=1)
            show(f"after {load.sent} in a closed loop", agent.pid, load)
            done = 0
            while done < events:
                done += (await meter.closed(WINDOW, seconds, qos=0)).sent
            if done:
                show(f"after {done} more", agent.pid)
            await asyncio.sleep(SETTLE)
            show("idle again", agent.pid)


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    for mirrored in ("none", "embedded"):
        asyncio.run(measure(mirrored, *(given + [20, 0][len(given) :])))
