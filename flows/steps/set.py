"""The step `set`: variables of this run."""

import re
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from pipelines.registry import step
from pipelines.scope import Scope
from pipelines.step import Step, StepFn
from pipelines.tools import Tools
from schemas.fields import NAME_PATTERN


@step
class Set(Step, frozen=True):
    """Set variables of this run, in order; later ones see earlier ones."""

    main: ClassVar[str] = "values"
    whole: ClassVar[bool] = True

    values: Annotated[dict[str, Any], Meta(description="Names and their values.")]

    def compile(self, tools: Tools) -> StepFn:
        """Parse the values."""
        for name in self.values:
            if not re.match(NAME_PATTERN, name):
                tools.problem(f"`{name}` is no name for a variable", "values", "use a-z, 0-9 and _")
        pairs = [
            (name, tools.template(value, f"values/{name}")) for name, value in self.values.items()
        ]

        def set_(scope: Scope) -> dict[str, Any]:
            for name, value in pairs:
                scope.variables[name] = value(scope)
            return {name: scope.variables[name] for name, _ in pairs}

        return set_
