"""The condition `all`: every one of a list."""

from typing import Annotated, ClassVar

from msgspec import Meta

from pipelines.condition import Condition
from pipelines.findings import Tell, Told, findings
from pipelines.registry import condition
from pipelines.scope import Test
from pipelines.tools import Tools
from schemas.fields import Conditions


@condition
class All(Condition, frozen=True):
    """Hold when every one of a list of conditions holds."""

    main: ClassVar[str] = "conditions"

    conditions: Annotated[Conditions, Meta(description="The conditions.")]

    def compile(self, tools: Tools) -> Test:
        """The list itself: that is what a list of conditions means."""
        return tools.conditions(self.conditions, "conditions")

    def tell(self, tools: Tools) -> Tell:
        """Each condition."""
        test = tools.conditions(self.conditions, "conditions")
        return lambda scope: Told(parts=findings(test, scope))
