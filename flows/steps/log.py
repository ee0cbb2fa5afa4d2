"""The step `log`: write a line to the agent's log."""

import logging
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from pipelines.registry import step
from pipelines.scope import Scope
from pipelines.step import Step, StepFn
from pipelines.tools import Tools
from schemas.fields import Expression

_log = logging.getLogger(__name__)


@step
class Log(Step, frozen=True):
    """Write a line to the agent's log, and into the trace of the run. Result: `message`."""

    main: ClassVar[str] = "message"

    message: Annotated[Expression, Meta(description="What to write.")]
    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="How grave it is.")
    ] = "info"

    def compile(self, tools: Tools) -> StepFn:
        """Parse the text."""
        message_of = tools.expression(self.message, "message")
        level, path = logging.getLevelNamesMapping()[self.level.upper()], tools.path

        def log(scope: Scope) -> dict[str, str]:
            message = str(message_of(scope))
            _log.log(level, message, extra={"pipeline": scope.run.pipeline, "step": path})
            return {"message": message}

        return log
