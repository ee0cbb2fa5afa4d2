"""What carrying runs to Prefect costs: runs a second, bytes a run, CPU of both sides, memory.

The pipeline of the tests: five steps with failures, retries, a parallel block and a sub-pipeline,
into our server on SQLite and on PostgreSQL. Run as `python -m tests.benchmarks.bench_prefect
[RUNS] [sqlite] [postgresql]`; those of the sub-pipeline, nearly half, are counted too.
"""

# ruff: noqa: T201
from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import asyncpg
import uvloop

from edge_agent.bench.trial import cpu_seconds
from edge_agent.prefect.api import PrefectApi
from tests.prefect.postgres import postgres
from tests.prefect.scene import Scene, bulk
from tests.prefect.servers import PrefectServer, prefect_server

_RUNS = 10_000
_FIRST = 200  # runs that are carried before the clock starts

Size = Callable[[], Awaitable[int]]


async def _sqlite(folder: Path, runs: int) -> None:
    database = folder / "prefect" / "prefect.db"

    async def size() -> int:
        """Of the file, with what its log still holds for it."""
        with closing(sqlite3.connect(database)) as connection:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            (bytes_a_page,) = connection.execute("PRAGMA page_size").fetchone()
        return int(pages * bytes_a_page)

    with prefect_server(folder) as server:
        await _measure("SQLite", folder, server, runs, size)


async def _postgresql(folder: Path, runs: int) -> None:
    with postgres() as url, prefect_server(folder, database=url) as server:
        connection = await asyncpg.connect(url)

        async def size() -> int:
            return int(await connection.fetchval("SELECT pg_database_size(current_database())"))

        await _measure("PostgreSQL", folder, server, runs, size)
        await connection.close()


async def _measure(what: str, folder: Path, server: PrefectServer, runs: int, size: Size) -> None:
    scene, api = Scene(folder, "bench"), PrefectApi(server.api)
    await scene.events(_FIRST)
    await scene.mirrored(bulk(api))
    held, known = await size(), len(await scene.runs())
    await scene.events(runs // 2, first=_FIRST)
    runs = len(await scene.runs()) - known
    here, there, began = time.process_time(), cpu_seconds(server.pid), time.perf_counter()
    await scene.mirrored(bulk(api))
    took = time.perf_counter() - began
    here, there = time.process_time() - here, cpu_seconds(server.pid) - there
    print(
        f"{what}: {runs} runs in {took:.1f} s, {runs / took:.0f} runs/s; "
        f"{(await size() - held) / runs / 1000:.2f} KB a run; CPU {here / runs * 1e3:.2f} ms a run "
        f"here, {there / runs * 1e3:.2f} ms in the server of {server.resident_bytes / 1e6:.0f} MB"
    )
    await api.close()
    await scene.ledger.close()


def main() -> None:
    """Read what to measure from the command line."""
    runs = next((int(word) for word in sys.argv[1:] if word.isdigit()), _RUNS)
    ways = {"sqlite": _sqlite, "postgresql": _postgresql}
    for name in [word for word in sys.argv[1:] if word in ways] or list(ways):
        with tempfile.TemporaryDirectory() as folder:
            uvloop.run(ways[name](Path(folder), runs))


if __name__ == "__main__":
    main()
