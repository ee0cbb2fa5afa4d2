"""The contract of steps: a plain function, or a generator that yields what it waits for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from pipelines.component import Component
from pipelines.scope import Scope
from pipelines.trigger import Arm

if TYPE_CHECKING:
    from pipelines.tools import Tools


class Sleep(Struct, frozen=True):
    """Wait until a time (epoch seconds); durable: the step at `path` is entered again after a
    restart and finds its deadline in `scope.waits[path]`. Resumes with None."""

    until: float
    path: str


class Await(Struct, frozen=True):
    """Wait for something slow outside; resumes with its result, or raises its error in the step.

    Not durable: after a crash the step is executed again.
    """

    awaitable: Awaitable[Any]


class Listen(Struct, frozen=True):
    """Wait until one of the triggers fires: resumes with its `trigger` mapping, or with None when
    `until` (epoch seconds) passes first. Durable like `Sleep`."""

    arms: Sequence[tuple[str, Arm]]
    until: float | None
    path: str


class Together(Struct, frozen=True):
    """Run generators side by side; resumes with their results when all ended, in order.

    The first that raises has the others cancelled and its error raised in the step.
    """

    branches: Sequence[Generator[Any, Any, Any]]


Pause = Sleep | Await | Listen | Together
Outputs = dict[str, Any] | None
Steps = Generator[Pause, Any, Outputs]
StepFn = Callable[[Scope], Outputs] | Callable[[Scope], Steps]


def patient(run: Callable[[Scope], Outputs]) -> Callable[[Scope], Steps]:
    """A plain step as one that may wait: for another engine's leave to begin."""

    def waiting(scope: Scope) -> Steps:
        yield from ()
        return run(scope)

    return waiting


class StepFailed(Exception):
    """The step could not do its work; the text tells the user why. Retries apply.

    `outputs` are what the step tells all the same.
    """

    outputs: Outputs = None


class Stopped(Exception):
    """A `stop` step ended the run: `state` is completed or failed."""

    def __init__(self, state: str, reason: str) -> None:
        super().__init__(reason)
        self.state = state


class Step(Component, frozen=True):
    """Something a run does."""

    @abstractmethod
    def compile(self, tools: Tools) -> StepFn:
        """Parse everything once and return what runs: no look-ups, no configuration inside it.

        The returned mapping is the step's outputs (`steps.ID.…`); raise `StepFailed` for what the
        user should read. `tools.path` is this step's path, for `Scope.act` and `Pause.path`.
        """
