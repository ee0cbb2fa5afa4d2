"""The condition `any`: at least one of a list."""

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from pipelines.condition import Condition
from pipelines.findings import Tell, Told, findings
from pipelines.registry import condition
from pipelines.scope import Scope, Test
from pipelines.tools import Tools
from schemas.fields import Conditions


@condition
class Any_(Condition, frozen=True):  # noqa: N801 (the name users write is `any`)
    """Hold when at least one of a list of conditions holds."""

    main: ClassVar[str] = "conditions"

    conditions: Annotated[Conditions, Meta(description="The conditions.")]

    def compile(self, tools: Tools) -> Test:
        """Each condition alone; the first that holds decides."""
        tests = each(self.conditions, tools)

        def any_(scope: Scope) -> bool:
            return any(test(scope) for test in tests)

        return any_

    def tell(self, tools: Tools) -> Tell:
        """Each condition."""
        return parts(self.conditions, tools)


def parts(conditions: Any, tools: Tools) -> Tell:
    """What each condition of a list says."""
    tests = each(conditions, tools)
    return lambda scope: Told(parts=[f for test in tests for f in findings(test, scope)])


def each(conditions: Any, tools: Tools) -> list[Test]:
    """The conditions of a list as tests of their own."""
    items = conditions if isinstance(conditions, list) else [conditions]
    return [tools.conditions(item, f"conditions/{index}") for index, item in enumerate(items)]
