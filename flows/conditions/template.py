"""The condition `template`: an expression that must be true."""

from typing import Annotated, ClassVar

from msgspec import Meta

from pipelines.condition import Condition
from pipelines.registry import condition
from pipelines.scope import Scope, Test
from pipelines.tools import Tools
from schemas.fields import Expression


@condition
class Template(Condition, frozen=True):
    """Hold when an expression is true.

    A bare string where a condition is expected is this one: `- "{{ trigger.payload.x > 3 }}"`.
    The texts `off`, `false`, `no` and the empty text are not true.
    """

    main: ClassVar[str] = "value"

    value: Annotated[Expression, Meta(description="The expression.")]

    def compile(self, tools: Tools) -> Test:
        """The expression itself, with its value taken as true or not."""
        expression = tools.expression(self.value, "value")

        def template(scope: Scope) -> bool:
            value = expression(scope)
            return value if value.__class__ is bool else is_true(value)

        return template


def is_true(value: object) -> bool:
    """Truth as users mean it: also the texts `off`, `false`, `no`, `0` and none are false."""
    if isinstance(value, str):
        return value.strip().lower() not in {"", "0", "off", "false", "no", "none"}
    return bool(value)
