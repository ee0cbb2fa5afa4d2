"""One task of a carried run: a genuine task of Prefect's, whose tries the agent does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context, copy_context
from datetime import timedelta
from typing import Any
from uuid import UUID

from flows.prefect.engine.words import Begin, Done, Drop, Ended, Fail, Go, Word

_MOST_DELAYS = 50  # that Prefect takes; the last one counts for all further tries


class StepFailed(Exception):
    """What a try failed with, in the agent's words."""


class CarriedTask:
    """`run` lets Prefect's engine run it to its end and says so; `hear` gets the agent's words.

    `context` is that of its last try, in which the tasks within it begin.
    """

    def __init__(self, begun: Begin, say: Callable[[Word], None]) -> None:
        self.begun = begun
        self.context: Context | None = None
        self._say = say
        self._attempt = begun.tried
        self._answer: asyncio.Future[Done | Fail | Drop] | None = None
        self._dropped = False

    async def run(self) -> None:
        """Run it; what goes wrong in the engine itself fails the task."""
        from flows.prefect.engine.engines import run_task

        begun, task = self.begun, self._task()
        task_run = await self._task_run(task)
        state = await run_task(task, task_run)
        kept = state.name == "Cached"
        outputs = await state.aresult() if kept else None
        error = "" if state.is_completed() else state.message or state.name
        completed = state.is_completed()
        self._say(Ended(begun.run, begun.task, completed, error=error, kept=kept, outputs=outputs))

    def hear(self, word: Done | Fail | Drop) -> None:
        """The agent has tried it, or calls it off."""
        self._dropped = self._dropped or isinstance(word, Drop)
        if self._answer is None or self._answer.done():
            return
        if isinstance(word, Drop) or word.attempt == self._attempt:
            self._answer.set_result(word)

    # ------------------------------------------------------------------ inside
    async def _task_run(self, task: Any) -> Any:
        from prefect.client.schemas.objects import TaskRunResult

        begun = self.begun
        task_run = await task.create_local_run(id=UUID(begun.task))
        task_run.name, task_run.dynamic_key = begun.name, begun.turn
        if begun.after:
            task_run.task_inputs["wait_for"] = [TaskRunResult(id=UUID(begun.after))]
        return task_run

    def _task(self) -> Any:
        from prefect import Task
        from prefect.cache_policies import NO_CACHE, CacheKeyFnPolicy

        begun = self.begun

        async def step() -> Any:
            return await self._try()

        step.__name__ = step.__qualname__ = begun.name
        made: Any = Task(
            step,
            name=begun.name,
            task_run_name=begun.name,
            tags=begun.tags,
            retries=len(begun.delays),
            retry_delay_seconds=begun.delays[:_MOST_DELAYS] or None,
            retry_condition_fn=lambda task, task_run, state: not self._dropped,
            timeout_seconds=begun.timeout,
            cache_policy=CacheKeyFnPolicy(cache_key_fn=self._keep) if begun.keep else NO_CACHE,
            cache_expiration=timedelta(seconds=begun.keep_for) if begun.keep else None,
            persist_result=bool(begun.keep),
            result_serializer="json",
        )
        made.task_key = begun.key
        return made

    def _keep(self, context: Any, parameters: dict[str, Any]) -> str:
        return self.begun.keep

    async def _try(self) -> Any:
        from prefect.states import Cancelled, Failed
        from prefect.task_engine import TaskRunTimeoutError

        self._attempt += 1
        self.context = copy_context()
        self._answer = asyncio.get_running_loop().create_future()
        self._say(Go(self.begun.run, self.begun.task, self._attempt))
        answer = Drop(self.begun.run, self.begun.task) if self._dropped else await self._answer
        if isinstance(answer, Done):
            return answer.outputs
        text = answer.error if isinstance(answer, Fail) else "the step was cancelled"
        if isinstance(answer, Fail) and answer.late:
            raise TaskRunTimeoutError(text)
        if self.begun.keep:  # a state that is returned would be kept
            raise StepFailed(text)
        return Failed(message=text) if isinstance(answer, Fail) else Cancelled(message=text)
