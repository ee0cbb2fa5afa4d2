"""The step `delay`: wait for a time."""

from typing import Annotated, ClassVar

from msgspec import Meta

from pipelines.registry import step
from pipelines.scope import Scope
from pipelines.step import Sleep, Step, StepFn, Steps
from pipelines.tools import Tools
from schemas.fields import Duration


@step
class Delay(Step, frozen=True):
    """Wait before the next step.

    The deadline is kept: a restart of the agent neither shortens nor lengthens it. One that passed
    while the agent was down is over at the next start.
    """

    main: ClassVar[str] = "duration"
    whole: ClassVar[bool] = True

    duration: Annotated[Duration, Meta(description="How long; may be an expression.")]

    def compile(self, tools: Tools) -> StepFn:
        """A generator that sleeps until the deadline it found or made."""
        duration, path = tools.duration(self.duration, "duration"), tools.path
        now = tools.ports.clock.now

        def delay(scope: Scope) -> Steps:
            until = scope.waits.get(path)
            until = now() + duration(scope) if until is None else until
            scope.notes(path).until = until
            yield Sleep(until, path)
            return None

        return delay
