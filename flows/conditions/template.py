"""The condition `template`: an expression that must be true."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from pipelines.condition import Condition
from pipelines.findings import Tell, Told
from pipelines.registry import condition
from pipelines.scope import Expr, Scope, Test
from pipelines.step import StepFailed
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
        return _holds(tools.expression(self.value, "value"))

    def tell(self, tools: Tools) -> Tell:
        """The values of what the expression looks up."""
        parts = tools.parts(self.value, "value")
        return lambda scope: Told(values_of(parts, scope))


@lru_cache(maxsize=4096)
def _holds(expression: Expr) -> Test:
    """Equal expressions are one object: so pipelines of one blueprint share their tests too."""

    def template(scope: Scope) -> bool:
        value = expression(scope)
        return value if value.__class__ is bool else is_true(value)

    return template


def values_of(parts: Iterable[tuple[str, Expr]], scope: Scope) -> dict[str, Any]:
    """What the parts of an expression are now, by their texts."""
    return {text: _value(part, scope) for text, part in parts}


def _value(part: Expr, scope: Scope) -> Any:
    try:
        return part(scope)
    except StepFailed:
        return "undefined"


def is_true(value: object) -> bool:
    """Truth as users mean it: also the texts `off`, `false`, `no`, `0` and none are false."""
    if isinstance(value, str):
        return value.strip().lower() not in {"", "0", "off", "false", "no", "none"}
    return bool(value)
