"""Jinja's syntax trees, put together."""

from __future__ import annotations

from typing import Any

from jinja2 import nodes


def call(name: str, *args: Any, **named: Any) -> nodes.Call:
    """A call of one of our functions."""
    given = [nodes.Keyword(key, as_node(value)) for key, value in named.items()]
    return nodes.Call(nodes.Name(name, "load"), [as_node(a) for a in args], given, None, None)


def as_node(value: Any) -> nodes.Expr:
    """A value as a constant; an expression as it is."""
    if isinstance(value, nodes.Expr):
        return value
    if isinstance(value, list):
        return nodes.List([as_node(each) for each in value])
    return nodes.Const(value)


def compare(left: nodes.Expr, operator: str, right: Any) -> nodes.Compare:
    """A comparison."""
    return nodes.Compare(left, [nodes.Operand(operator, as_node(right))])


def filtered(node: nodes.Expr, name: str, *args: Any) -> nodes.Filter:
    """The expression through a filter."""
    return nodes.Filter(node, name, [as_node(a) for a in args], [], None, None)


def any_item(items: nodes.Expr) -> nodes.Expr:
    """Some item of a list, as good as drawn: which one, the clock's microseconds decide."""
    clock = nodes.Getattr(call("now"), "microsecond", "load")
    index = nodes.Mod(clock, filtered(items, "length"))
    return nodes.Getitem(items, index, "load")


def negated(node: nodes.Expr) -> nodes.Expr:
    """The opposite of a test."""
    opposite = {"eq": "ne", "in": "notin", "ne": "eq", "notin": "in"}
    if isinstance(node, nodes.Not):
        return node.node
    if isinstance(node, nodes.Compare) and node.ops[0].op in opposite:
        first = node.ops[0]
        return compare(node.expr, opposite[first.op], first.expr)
    return nodes.Not(node)


def one_of(value: nodes.Expr, values: list[Any]) -> nodes.Expr:
    """Whether a value is one of several."""
    return compare(value, "eq", values[0]) if len(values) == 1 else compare(value, "in", values)


def any_of(tests: list[nodes.Expr]) -> nodes.Expr:
    """Whether one of several tests holds."""
    found = tests[0]
    for test in tests[1:]:
        found = nodes.Or(found, test)
    return found


def all_of(tests: list[nodes.Expr]) -> nodes.Expr:
    """Whether all of several tests hold."""
    found = tests[0]
    for test in tests[1:]:
        found = nodes.And(found, test)
    return found


def constants(node: nodes.Node) -> list[Any] | None:
    """The values of a constant or a list of constants; None for all else."""
    if isinstance(node, nodes.Const):
        return [node.value]
    if isinstance(node, nodes.List | nodes.Tuple) and node.items:
        values = [each.value for each in node.items if isinstance(each, nodes.Const)]
        return values if len(values) == len(node.items) else None
    return None


def text_in(node: nodes.Node) -> str | None:
    """The text of a constant; None for all else."""
    return node.value if isinstance(node, nodes.Const) and isinstance(node.value, str) else None
