"""The step `stop`: end the run."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from pipelines.registry import step
from pipelines.scope import Scope
from pipelines.step import Step, StepFn, Stopped
from pipelines.tools import Tools
from schemas.fields import Expression


@step
class Stop(Step, frozen=True):
    """End the run here.

    A failed run runs the steps under `errors`; those under `finally` run in any case.
    """

    main: ClassVar[str] = "reason"

    reason: Annotated[Expression, Meta(description="Why, for the trace.")] = ""
    state: Annotated[
        Literal["completed", "failed"], Meta(description="What the run counts as.")
    ] = "completed"

    def compile(self, tools: Tools) -> StepFn:
        """Parse the reason."""
        reason, state = tools.expression(self.reason, "reason"), self.state

        def stop(scope: Scope) -> None:
            raise Stopped(state, str(reason(scope)))

        return stop
