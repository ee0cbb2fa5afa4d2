"""A worker process that takes too much, or dies: what its requests are told."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from edge_agent.models.driver import ModelError
from edge_agent.models.worker_process import WorkerProcess

GREEDY = "tests.models.greedy_worker"


async def asked(worker: WorkerProcess, **message: int) -> None:
    async for _ in worker.ask(message):
        pass


def test_a_worker_that_takes_too_much_memory_is_ended_and_its_requests_say_so() -> None:
    async def use() -> None:
        worker = WorkerProcess(GREEDY, {"folder": "greedy", "memory": 90_000_000})
        quiet = asyncio.create_task(asked(worker))
        with pytest.raises(ModelError, match=r"ended \(it took \d+ MB, and may take 90 MB\)"):
            await asked(worker, take=200_000_000)
        with pytest.raises(ModelError, match=r"may take 90 MB"):
            await quiet
        assert worker.pid is None
        assert worker.resident_bytes == 0
        await worker.start()
        assert 0 < worker.resident_bytes < 90_000_000
        await worker.close()

    asyncio.run(use())


def test_a_worker_that_is_killed_says_by_which_signal() -> None:
    async def use() -> None:
        worker = WorkerProcess(GREEDY, {"folder": "greedy"})
        await worker.start()
        assert worker.pid is not None
        waiting = asyncio.create_task(asked(worker))
        os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(ModelError, match=r"the model's process ended \(SIGKILL\)"):
            await waiting
        await worker.close()

    asyncio.run(use())
