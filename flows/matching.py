"""What a value must be: equal to one of several, or inside a band, as users mean it."""

from collections.abc import Callable
from typing import Any

from pipelines.scope import Constant, Expr, Scope
from pipelines.step import StepFailed
from pipelines.tools import Tools

Match = Callable[[Any, Scope], bool]


def one_of(wanted: Any, tools: Tools, at: str) -> Match:
    """A test for one value or a list of them; `on` and true, `off` and false are the same."""
    expression = tools.template(wanted, at)
    if isinstance(expression, Constant):
        values = _values(expression.value)
        return lambda value, _: _plain(value) in values
    return lambda value, scope: _plain(value) in _values(expression(scope))


def band(above: Any, below: Any, tools: Tools) -> Match:
    """A test for numbers greater than `above` and less than `below`, either may be missing."""
    low = None if above is None else _bound(above, "above", tools)
    high = None if below is None else _bound(below, "below", tools)

    def inside(value: Any, scope: Scope) -> bool:
        found = number(value)
        if found is None:
            return False
        if low is not None and not found > _limit(low, scope):
            return False
        return high is None or found < _limit(high, scope)

    return inside


def _bound(value: Any, at: str, tools: Tools) -> Expr:
    bound = tools.expression(value, at)
    if isinstance(bound, Constant) and number(bound.value) is None:
        tools.problem(f"`{bound.value}` is no number", at)
    return bound


def number(value: Any) -> float | None:
    """The number a value is, also as text (`"21.5"`); None for everything else."""
    if value.__class__ is float or value.__class__ is int:
        return float(value)
    if not isinstance(value, str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _limit(limit: Expr, scope: Scope) -> float:
    value = limit(scope)
    found = number(value)
    if found is None:
        raise StepFailed(f"a limit must be a number, not {value!r}")
    return found


def _plain(value: Any) -> Any:
    if value.__class__ is bool:
        return "on" if value else "off"
    return value


def _values(wanted: Any) -> list[Any]:
    return [_plain(value) for value in (wanted if isinstance(wanted, list) else [wanted])]
