"""The step `remember`: keep values that outlive the run."""

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from pipelines.registry import step
from pipelines.scope import Scope
from pipelines.step import Step, StepFn
from pipelines.tools import Tools


@step
class Remember(Step, frozen=True):
    """Keep values that outlive runs and restarts.

    They are read with `memory('key')`, watched by `memory` triggers and forgotten with null. Keys
    may be expressions too.
    """

    main: ClassVar[str] = "values"
    whole: ClassVar[bool] = True

    values: Annotated[dict[str, Any], Meta(description="Keys and their values.")]

    def compile(self, tools: Tools) -> StepFn:
        """Parse keys and values."""
        pairs = [
            (tools.expression(key, "values"), tools.template(value, f"values/{key}"))
            for key, value in self.values.items()
        ]
        keep, now, path = tools.ports.memory.set, tools.ports.clock.now, tools.path

        def remember(scope: Scope) -> None:
            for key_of, value_of in pairs:
                key, value = str(key_of(scope)), value_of(scope)
                if scope.act(path, "remember", key, value, now()):
                    keep(key, value)

        return remember
