"""One run of `path: flow`, as the agent has it while Prefect's engine carries it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any

from msgspec.structs import replace

from flows import carrying
from flows.failing import describe
from flows.prefect.engine.words import (
    Begin,
    Close,
    Closed,
    Done,
    Drop,
    Ended,
    Fail,
    Go,
    Held,
    Leave,
    Open,
    Opened,
    Refused,
    Said,
    Word,
)
from flows.prefect.tasks import begin
from flows.trying import (
    RETRY,
    Cancelled,
    TimedOut,
    attempt,
    note_failure,
    note_success,
    rest,
    tries,
)
from pipelines.plan import PlannedStep
from pipelines.scope import Scope
from pipelines.step import Await, StepFailed, Stopped

Say = Callable[[Word], None]


class Task:
    """A step that Prefect has as a task; `next` gives what the engine asks for."""

    def __init__(self, begun: Begin) -> None:
        self.begun = begun
        self.attempt = begun.tried  # the last one that was begun
        self.answer: Done | Fail | None = None
        self.outputs: Any = None
        self.error: Exception | None = None
        self._asked: asyncio.Queue[Go | Ended | None] = asyncio.Queue()

    def hear(self, word: Go | Ended | None) -> Done | Fail | None:
        """The engine has said something (None: it is gone); the answer, where there is one."""
        if isinstance(word, Go) and word.attempt <= self.attempt:
            return self.answer and replace(self.answer, attempt=word.attempt)
        self._asked.put_nowait(word)
        return None

    async def next(self) -> Go | Ended | None:
        """What to do now; None: do it alone."""
        return await self._asked.get()


class Carriage:
    """Carries one run (`flows.carrying.Carriage`); `hear` gets what the engine says of it.

    `again` repeats what a new process of the engine has to know. A run that is left `alone` goes on
    as on the fast path, with the tries under way. `is_whole`: Prefect has heard everything.
    `closed` is the state it has in Prefect once the engine has done with it, and empty where that
    has not come to its end.
    """

    def __init__(
        self,
        opening: Open,
        say: Say,
        *,
        patience: float,
        is_new: bool,
        coming: Callable[[], bool] = lambda: False,
    ) -> None:
        self.opening = opening
        self.flow_run = opening.run
        self.is_whole = is_new
        self.closing: Close | None = None
        loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[str] = loop.create_future()
        self._first: asyncio.Future[carrying.Opened] = loop.create_future()
        self._say = say
        self._patience = patience
        self._coming = coming
        self._is_held = False
        self._is_alone = False
        self._tasks: dict[str, Task] = {}

    # ------------------------------------------------------------------ the run's side
    async def opened(self) -> carrying.Opened:
        """Wait until the run may begin there: with patience, and longer while a limit holds it
        back or the engine is still coming."""
        self._say(self.opening)
        while True:
            try:
                async with asyncio.timeout(self._patience):
                    return await asyncio.shield(self._first)
            except TimeoutError:
                if not self._is_held and not self._coming():
                    self.alone()

    def tries(self, step: PlannedStep, scope: Scope) -> Generator[Any, Any, Any]:
        """Try a step whenever the engine says so; its outputs."""
        yield from rest(step, scope)
        if self._is_alone:
            return (yield from tries(step, scope))
        task = Task(begin(step, scope))
        self._tasks[task.begun.task] = task
        self._say(task.begun)
        try:
            return (yield from self._follow(task, step, scope))
        except Cancelled:
            self._say(Drop(task.begun.run, task.begun.task))
            raise
        finally:
            del self._tasks[task.begun.task]

    def close(self, state: str, message: str) -> None:
        """The run has ended here."""
        self.closing = Close(self.opening.run, state, message)
        if not self._is_alone:
            self._say(self.closing)

    # ------------------------------------------------------------------ the engine's side
    def hear(self, word: Said) -> None:
        """The engine has said something of this run."""
        match word:
            case Opened():
                self.flow_run = word.flow_run
                self._begin("open")
            case Held():
                self._is_held = True
            case Refused(cancelled=True):
                self._begin("cancelled")
            case Refused():
                self.alone()
            case Closed():
                self._end(word.state)
            case _:
                self._ask(word)

    def again(self) -> None:
        """The engine's process has been started, maybe anew: tell it how the run stands."""
        if self._is_alone:
            self._end("")
        if self._first.done() and self._first.result() != "open":
            return
        self.is_whole = self.is_whole and not self._first.done()
        for word in (self.opening, *(task.begun for task in self._tasks.values()), self.closing):
            if word is not None:
                self._say(word)

    def alone(self) -> None:
        """Go on without the engine, which is to let go of the run."""
        self.is_whole, self._is_alone = False, True
        self._say(Leave(self.opening.run))
        self._begin("away")
        for task in self._tasks.values():
            task.hear(None)

    def gone(self) -> None:
        """There is no engine."""
        self.alone()
        self._end("")

    # ------------------------------------------------------------------ inside
    def _begin(self, how: carrying.Opened) -> None:
        if not self._first.done():
            self._first.set_result(how)

    def _end(self, state: str) -> None:
        if self.closed.done():
            return
        self.closed.set_result(state)
        if self.closing is None:  # it was ended there, not here
            self.alone()

    def _ask(self, word: Go | Ended) -> None:
        if (task := self._tasks.get(word.task)) is None:
            return
        is_lost = isinstance(word, Ended) and word.lost
        self.is_whole = self.is_whole and not is_lost
        if (answer := task.hear(None if is_lost else word)) is not None:
            self._say(answer)

    def _answer(self, task: Task, answer: Done | Fail) -> None:
        task.answer = answer
        if isinstance(answer, Fail):
            task.begun = replace(task.begun, tried=task.attempt, delays=task.begun.delays[1:])
        self._say(answer)

    def _follow(self, task: Task, step: PlannedStep, scope: Scope) -> Generator[Any, Any, Any]:
        while True:
            word: Go | Ended | None = yield Await(task.next())
            if word is None:
                return (yield from self._alone(task, step, scope))
            if isinstance(word, Ended):
                return _outcome(task, word)
            scope.waits.pop(step.path + RETRY, None)
            yield from self._try(task, step, scope)

    def _try(self, task: Task, step: PlannedStep, scope: Scope) -> Generator[Any, Any, None]:
        """Try a step once and tell how that went."""
        task.attempt, task.answer, task.error = task.attempt + 1, None, None
        began, at = scope.now(), (task.begun.run, task.begun.task, task.attempt)
        try:
            outputs = yield from attempt(step, scope)
        except Stopped:
            self._answer(task, Done(*at))
            raise
        except Exception as error:
            note_failure(step, scope, began, error)
            task.error = error
            self._answer(task, Fail(*at, describe(error), late=isinstance(error, TimedOut)))
        else:
            note_success(step, scope, began)
            task.outputs = outputs
            self._answer(task, Done(*at, outputs if task.begun.keep else None))

    def _alone(self, task: Task, step: PlannedStep, scope: Scope) -> Generator[Any, Any, Any]:
        """Go on without the engine, from the last try."""
        if isinstance(task.answer, Done):
            return task.outputs
        if task.error is not None and step.path + RETRY not in scope.waits:
            raise task.error
        return (yield from tries(step, scope))


def _outcome(task: Task, word: Ended) -> Any:
    if not word.completed:
        raise task.error or StepFailed(word.error)
    if word.kept:
        return word.outputs
    return task.outputs
