"""The condition `not`: none of a list."""

from typing import Annotated, ClassVar

from msgspec import Meta

from flows.conditions.any import each, parts
from pipelines.condition import Condition
from pipelines.findings import Tell
from pipelines.registry import condition
from pipelines.scope import Scope, Test
from pipelines.tools import Tools
from schemas.fields import Conditions


@condition
class Not(Condition, frozen=True):
    """Hold when none of a list of conditions holds."""

    main: ClassVar[str] = "conditions"

    conditions: Annotated[Conditions, Meta(description="The conditions.")]

    def compile(self, tools: Tools) -> Test:
        """Each condition alone; the first that holds decides."""
        tests = each(self.conditions, tools)

        def not_(scope: Scope) -> bool:
            return not any(test(scope) for test in tests)

        return not_

    def tell(self, tools: Tools) -> Tell:
        """Each condition; none of them may hold."""
        return parts(self.conditions, tools)
