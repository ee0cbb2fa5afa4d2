"""Values computed from one row, with SQL's nulls: null in, null out."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flows.windows.sql import Call, Column, Literal, Node, SqlMistake
from pipelines.tree import suggest

Row = Sequence[Any]
Value = Callable[[Row], Any]
"""A value of a row; the row is a tuple of columns, or of results."""


def scalar(node: Node, leaf: Callable[[Node], Value | None]) -> Value:
    """A tree as a function of a row; `leaf` knows columns and what else is not computed here.

    Raises:
        SqlMistake: a function is unknown, or has a wrong number of arguments.
    """
    if (known := leaf(node)) is not None:
        return known
    match node:
        case Literal():
            constant = node.value
            return lambda row: constant
        case Column():
            raise SqlMistake(f"unknown name `{node.name}`")
        case Call():
            return _function(node, leaf)
    operands = [scalar(each, leaf) for each in node.operands]
    return _OPERATIONS[node.operator](*operands)


def _function(call: Call, leaf: Callable[[Node], Value | None]) -> Value:
    if call.name not in FUNCTIONS:
        raise SqlMistake(f"unknown function `{call.name}`", suggest(call.name, FUNCTIONS))
    if call.distinct or call.where is not None:
        raise SqlMistake(f"`{call.name}` is no aggregate: no `distinct` and no `filter`")
    least, most, function = FUNCTIONS[call.name]
    if not least <= len(call.arguments) <= most:
        raise SqlMistake(f"`{call.name}` takes {arguments(least, most)}")
    parts = [scalar(each, leaf) for each in call.arguments]
    return lambda row: function(*[part(row) for part in parts])


def arguments(least: int, most: int) -> str:
    """How many arguments, in words."""
    if least == most:
        return f"{least} argument{'s' if least != 1 else ''}"
    return f"{least} or more arguments" if most > 9 else f"{least} to {most} arguments"


def less(first: Any, second: Any) -> bool | None:
    """DuckDB's order: NaN is greater than everything; null where the types do not compare."""
    try:
        return bool(first < second or (second != second and first == first))
    except TypeError:
        return None


def _equal(first: Any, second: Any) -> bool:
    return bool(first == second or (first != first and second != second))


def _greater(first: Any, second: Any) -> bool | None:
    return less(second, first)


def _at_most(first: Any, second: Any) -> bool | None:
    return None if (found := less(second, first)) is None else not found


def _at_least(first: Any, second: Any) -> bool | None:
    return None if (found := less(first, second)) is None else not found


def _quotient(first: Any, second: Any) -> Any:
    return None if second == 0 else first / second


def _rest(first: Any, second: Any) -> Any:
    return None if second == 0 else math.fmod(first, second)


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with null for nulls and for what it cannot take."""

    def strict(*values: Any) -> Any:
        if None in values:
            return None
        try:
            return function(*values)
        except (TypeError, ValueError, OverflowError):
            return None

    return strict


def _pair(function: Callable[[Any, Any], Any]) -> Callable[[Value, Value], Value]:
    def pair(first: Value, second: Value) -> Value:
        def compute(row: Row) -> Any:
            left, right = first(row), second(row)
            if left is None or right is None:
                return None
            try:
                return function(left, right)
            except (TypeError, ValueError, OverflowError):
                return None

        return compute

    return pair


def _arithmetic(function: Callable[[Any, Any], Any]) -> Callable[[Value, Value], Value]:
    def numbers(first: Any, second: Any) -> Any:
        if first.__class__ is str or second.__class__ is str:
            return None
        return function(first, second)

    return _pair(numbers)


def _both(first: Value, second: Value) -> Value:
    def both(row: Row) -> bool | None:
        left, right = first(row), second(row)
        if _no(left) or _no(right):
            return False
        return None if left is None or right is None else True

    return both


def _either(first: Value, second: Value) -> Value:
    def either(row: Row) -> bool | None:
        left, right = first(row), second(row)
        if _yes(left) or _yes(right):
            return True
        return None if left is None or right is None else False

    return either


def _yes(value: Any) -> bool:
    return value is not None and bool(value)


def _no(value: Any) -> bool:
    return value is not None and not value


def _denied(test: Value) -> Value:
    return lambda row: None if (found := test(row)) is None else not found


def _negative(number: Value) -> Value:
    negate = _strict(operator.neg)
    return lambda row: negate(number(row))


def _is_null(value: Value) -> Value:
    return lambda row: value(row) is None


def _within(value: Value, *options: Value) -> Value:
    def within(row: Row) -> bool | None:
        wanted = value(row)
        found = [option(row) for option in options]
        if wanted is None:
            return None
        if any(each is not None and _equal(wanted, each) for each in found):
            return True
        return None if None in found else False

    return within


_OPERATIONS: Mapping[str, Callable[..., Value]] = {
    "and": _both, "or": _either, "not": _denied, "negative": _negative,
    "is null": _is_null, "in": _within,
    "+": _arithmetic(operator.add), "-": _arithmetic(operator.sub), "*": _arithmetic(operator.mul),
    "/": _arithmetic(_quotient), "%": _arithmetic(_rest),
    "=": _pair(_equal), "<>": _pair(lambda first, second: not _equal(first, second)),
    "<": _pair(less), "<=": _pair(_at_most), ">": _pair(_greater), ">=": _pair(_at_least),
}  # fmt: skip


def _round(value: float, digits: int = 0) -> float:
    """Halves away from zero, as SQL rounds."""
    scale = 10.0 ** int(digits)
    return math.copysign(math.floor(abs(value) * scale + 0.5) / scale, value)


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _nullif(value: Any, unwanted: Any) -> Any:
    return None if value == unwanted else value


def _best(better: Callable[[Any, Any], bool | None]) -> Callable[..., Any]:
    def best(*values: Any) -> Any:
        found = None
        for value in values:
            if value is not None and (found is None or better(value, found)):
                found = value
        return found

    return best


_ANY = 99
FUNCTIONS: Mapping[str, tuple[int, int, Callable[..., Any]]] = {
    "abs": (1, 1, _strict(abs)),
    "ceil": (1, 1, _strict(math.ceil)),
    "coalesce": (1, _ANY, _coalesce),
    "floor": (1, 1, _strict(math.floor)),
    "greatest": (1, _ANY, _best(_greater)),
    "least": (1, _ANY, _best(less)),
    "nullif": (2, 2, _nullif),
    "round": (1, 2, _strict(_round)),
    "sqrt": (1, 1, _strict(math.sqrt)),
}
"""Least and most arguments, and the function."""
