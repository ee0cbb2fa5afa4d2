"""A run that another engine carries: it says when a step is tried, the agent tries it."""

from __future__ import annotations

from collections.abc import Awaitable, Generator
from typing import Any, Literal, Protocol

from flows.executor import execute
from flows.prefect.history import CARRIED, LIVE
from flows.trying import Cancelled
from pipelines.plan import Plan, PlannedStep
from pipelines.scope import Scope
from pipelines.step import Await

Opened = Literal["open", "away", "cancelled"]


class Carriage(Protocol):
    """One run at the other engine."""

    def opened(self) -> Awaitable[Opened]:
        """Wait until the run may begin there; `away`: it is to be executed here alone."""

    def tries(self, step: PlannedStep, scope: Scope) -> Generator[Any, Any, Any]:
        """Try a step when the other engine says so; its outputs."""

    def close(self, state: str, message: str) -> None:
        """The run has ended here."""


class Flows(Protocol):
    """The other engine."""

    def carriage(self, plan: Plan, scope: Scope) -> Carriage:
        """Take a run, new or taken up again."""


def carried(plan: Plan, scope: Scope, carriage: Carriage) -> Generator[Any, Any, str]:
    """Execute a plan like `flows.executor.execute`, step by step as the other engine goes on."""
    was_carried = CARRIED in scope.trigger
    scope.trigger[CARRIED] = LIVE
    try:
        opened: Opened = yield Await(carriage.opened())
    except Cancelled:
        opened = "cancelled"
    if opened == "open":
        scope.carrier = carriage.tries
    elif opened == "away" and not was_carried:
        del scope.trigger[CARRIED]
    state = "cancelled" if opened == "cancelled" else (yield from execute(plan, scope))
    message = scope.error["message"] if scope.error is not None else ""
    carriage.close(state, message)
    return state
