"""One carried run: a genuine flow run of Prefect's, whose steps the agent does."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from contextvars import copy_context
from typing import Any

from flows.prefect.engine.proposing import Proposer
from flows.prefect.engine.task import CarriedTask
from flows.prefect.engine.words import (
    Begin,
    Close,
    Closed,
    Done,
    Drop,
    Ended,
    Fail,
    Held,
    Open,
    Opened,
    Refused,
    Word,
)

_LOOK_AGAIN = 0.5  # seconds, while a limit holds the run back
_END = {"completed": "Completed", "failed": "Failed", "cancelled": "Cancelled"}


class CarriedRun:
    """`carry` has Prefect's engine run it to its end; `hear` gets the agent's words."""

    def __init__(
        self, opening: Open, client: Any, proposer: Proposer, *, say: Callable[[Word], None]
    ) -> None:
        self.opening = opening
        self._shared = client
        self._proposer = proposer
        self._say = say
        self._client: Any = None
        self._tasks: dict[str, CarriedTask] = {}
        self._news: asyncio.Queue[Begin | Close] = asyncio.Queue()

    def hear(self, word: Begin | Done | Fail | Drop | Close) -> None:
        """The agent has said something of this run."""
        if isinstance(word, Begin | Close):
            self._news.put_nowait(word)
        elif (task := self._tasks.get(word.task)) is not None:
            task.hear(word)

    async def carry(self) -> None:
        """Carry it; the agent hears when it begins, and with what it ends."""
        from prefect.exceptions import Abort, Pause

        from flows.prefect.engine.engines import Lost
        from flows.prefect.engine.records import client_of

        run, state = self.opening.run, ""
        try:
            self._client = await client_of(self.opening, self._shared, self._proposer)
            over = await self._let_in()
            state = (over or await self._run_flow()).name
        except (Abort, Pause) as error:
            self._say(Refused(run, str(error), cancelled=await self._is_cancelled()))
        except Lost as lost:
            self._say(Refused(run, str(lost)))
        except Exception as error:
            self._say(Refused(run, f"{type(error).__name__}: {error}"))
        finally:
            self._say(Closed(run, state))

    # ------------------------------------------------------------------ inside
    async def _let_in(self) -> Any:
        """Wait until the limits of its deployment let it run; a state where it is over instead."""
        from prefect.states import Cancelled, Pending

        flow_run = self._client.flow_run
        while flow_run.state.is_scheduled():
            if await self._propose(Pending()):
                self._say(Held(self.opening.run))
                if await self._is_closed():
                    await self._propose(Cancelled())
        state = flow_run.state
        if not state.is_cancelled():
            return None
        self._say(Refused(self.opening.run, state.message or state.name, cancelled=True))
        return state

    async def _propose(self, state: Any) -> bool:
        """Propose a state; whether the run is to be asked about later."""
        from prefect.utilities.engine import propose_state

        flow_run = self._client.flow_run
        flow_run.state = await propose_state(self._client, state, flow_run_id=flow_run.id)
        return bool(flow_run.state.is_scheduled())

    async def _is_closed(self) -> bool:
        """Wait a moment; whether the agent has cancelled it meanwhile."""
        try:
            async with asyncio.timeout(_LOOK_AGAIN):
                await self._news.get()
        except TimeoutError:
            return False
        return True

    async def _run_flow(self) -> Any:
        from flows.prefect.engine.engines import run_flow

        return await run_flow(self._flow(), self._client)

    async def _is_cancelled(self) -> bool:
        if self._client is None:
            return False
        state = (await self._shared.read_flow_run(self._client.flow_run.id)).state
        return bool(state and (state.is_cancelled() or state.is_cancelling()))

    def _flow(self) -> Any:
        from prefect import Flow
        from prefect.settings import PREFECT_LOCAL_STORAGE_PATH
        from prefect.utilities.callables import ParameterSchema

        opening = self.opening
        schema, record = opening.schema, opening.record

        async def pipeline(**parameters: Any) -> Any:
            return await self._follow()

        pipeline.__name__ = pipeline.__qualname__ = record.pipeline.replace("-", "_")
        pipeline.__signature__ = _signature(schema)  # type: ignore[attr-defined]
        flow: Any = Flow(
            pipeline,
            name=record.pipeline,
            version=record.version,
            description=opening.description or None,
            validate_parameters=False,
            persist_result=False,
            result_storage=PREFECT_LOCAL_STORAGE_PATH.value(),  # else the server is asked for one
        )
        flow.parameters = ParameterSchema(**schema)
        return flow

    async def _follow(self) -> Any:
        """The body of the flow: begin tasks as the agent comes to them, until it has ended."""
        from prefect import states

        self._say(Opened(self.opening.run, str(self._client.flow_run.id)))
        async with asyncio.TaskGroup() as under_way:
            while isinstance(word := await self._news.get(), Begin):
                self._begin(word, under_way)
        return getattr(states, _END.get(word.state, "Failed"))(message=word.message or None)

    def _begin(self, word: Begin, under_way: asyncio.TaskGroup) -> None:
        task = self._tasks[word.task] = CarriedTask(word, self._say)
        around = self._tasks.get(word.within)
        context = (around and around.context) or copy_context()
        under_way.create_task(self._run(task), context=context.copy())

    async def _run(self, task: CarriedTask) -> None:
        try:
            await task.run()
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            self._say(Ended(task.begun.run, task.begun.task, False, error=text, lost=True))


def _signature(schema: Mapping[str, Any]) -> inspect.Signature:
    return inspect.Signature(
        [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=shape.get("default"))
            for name, shape in schema["properties"].items()
        ]
    )
