"""Prefect's own engines of a flow and of a task, which tell only what the agent has told them.

What goes wrong in a carried run is told by the agent; what goes wrong in here is trouble of the
engine's own, as when Prefect is away. It leaves no state behind: what becomes of a run that goes
on without the engine is written from its record.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prefect.exceptions import PrefectSignal
from prefect.flow_engine import AsyncFlowRunEngine
from prefect.task_engine import AsyncTaskRunEngine

from flows.prefect.engine.client import RunClient


class Lost(PrefectSignal):  # type: ignore[misc]
    """A state that Prefect has not taken; not an Exception, so that the engine adds nothing."""


class FlowEngine(AsyncFlowRunEngine):  # type: ignore[misc]
    """The engine of a flow whose body gives its last state and does not fail."""

    run_client: RunClient

    @property
    def client(self) -> RunClient:
        """What it asks of Prefect, for this run."""
        return self.run_client

    @contextmanager
    def setup_flow_run_suspension_request(self) -> Iterator[Any]:
        """Prefect's own looks for a suspension with a thread, a loop and a web socket for each run,
        and waits for them; here the agent looks after all runs."""
        yield self._flow_run_suspension_request

    async def set_state(self, state: Any, force: bool = False) -> Any:
        """Propose a state. Raises Lost where there is no answer."""
        try:
            return await super().set_state(state, force)
        except Exception as error:
            raise Lost(f"{type(error).__name__}: {error}") from error

    async def handle_crash(self, exc: BaseException) -> None:
        """Let go of: the run itself goes on."""


class TaskEngine(AsyncTaskRunEngine):  # type: ignore[misc]
    """The engine of a task whose tries the agent does."""

    async def handle_crash(self, exc: BaseException) -> None:
        """Let go of: the step itself goes on."""


async def run_flow(flow: Any, client: RunClient) -> Any:
    """Run a flow as `prefect.flow_engine.run_flow_async` does; its last state."""
    flow_run = client.flow_run
    engine = FlowEngine(flow=flow, flow_run=flow_run, parameters=flow_run.parameters)
    engine.run_client = client
    async with engine.start():
        while engine.is_running():
            async with engine.run_context():
                await engine.call_flow_fn()
    return engine.state


async def run_task(task: Any, task_run: Any) -> Any:
    """Run a task as `prefect.task_engine.run_task_async` does; its last state."""
    engine = TaskEngine(task=task, task_run=task_run)
    async with engine.start():
        while engine.is_running():
            await engine.wait_until_ready()
            async with engine.run_context(), engine.transaction_context() as transaction:
                await engine.call_task_fn(transaction)
    return engine.state


def keep_to_the_point() -> None:
    """Leave out of the runs' logs what the engines say beside it."""
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logging.getLogger(name).addFilter(_to_the_point)


def _to_the_point(record: logging.LogRecord) -> bool:
    """Not that an engine has let go of a run; and no traceback of an error that was told, and not
    raised: it reads `NoneType: None`."""
    if record.exc_info is not None and record.exc_info[0] is None:
        record.exc_info = None
    return not str(record.msg).startswith("Finished in state Running")
