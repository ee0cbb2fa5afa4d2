"""Templates made of statements as one expression, where they are no more than a choice."""

from __future__ import annotations

import ast
import copy
from collections.abc import Sequence
from typing import Any

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

_LARGEST = 400  # characters of a variable's expression that may be repeated


def trimmed(tree: nodes.Template) -> nodes.Template:
    """The template without white space around what it writes, as Home Assistant trims results."""
    _trim(tree.body, first=True)
    _trim(tree.body, first=False)
    return tree


def single(tree: nodes.Template) -> nodes.Expr | None:
    """The one expression a template comes to; None when it is text or does more than choose."""
    return _value(_without_sets(tree.body))


def _trim(body: Sequence[nodes.Node], *, first: bool) -> None:
    for node in body if first else reversed(body):
        if isinstance(node, nodes.Output):
            if _trim_output(node, first=first):
                return
        elif isinstance(node, nodes.If):
            branches = [node.body, *(each.body for each in node.elif_), node.else_]
            for branch in branches:
                _trim(branch, first=first)
            return
        elif not isinstance(node, nodes.Assign | nodes.Macro | nodes.AssignBlock):
            return


def _trim_output(node: nodes.Output, *, first: bool) -> bool:
    """Strip one end of what is written; True when something else than white space is there."""
    while node.nodes:
        index = 0 if first else -1
        end = node.nodes[index]
        if not isinstance(end, nodes.TemplateData):
            return True
        text = end.data.lstrip() if first else end.data.rstrip()
        if text:
            node.nodes[index] = nodes.TemplateData(text)
            return True
        node.nodes.pop(index)
    return False


def _value(body: Sequence[nodes.Node]) -> nodes.Expr | None:
    body = [node for node in body if not _is_empty(node)]
    if len(body) != 1:
        return None
    node = body[0]
    if isinstance(node, nodes.If):
        return _choice(node)
    if not isinstance(node, nodes.Output) or len(node.nodes) != 1:
        return None
    only = node.nodes[0]
    return nodes.Const(native(only.data)) if isinstance(only, nodes.TemplateData) else only


def _is_empty(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Output) and not node.nodes


def _choice(node: nodes.If) -> nodes.Expr | None:
    values = [_value(each.body) for each in (node, *node.elif_)]
    last = _value(node.else_) if node.else_ else nodes.Const("")
    if last is None or None in values:
        return None
    for each, value in zip(reversed([node, *node.elif_]), reversed(values), strict=True):
        last = nodes.CondExpr(each.test, value, last)
    return last


def native(text: str) -> Any:
    """The value of a text that a template wrote, as Home Assistant reads it."""
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return text.strip()
    return value if isinstance(value, bool | int | float | list | dict | None) else text.strip()


def _without_sets(body: Sequence[nodes.Node]) -> list[nodes.Node]:
    """The body with its variables put in where they are used, if that stays readable."""
    rest = [copy.deepcopy(node) for node in body if not _is_empty(node)]
    while rest and isinstance(rest[0], nodes.Assign):
        target, value = rest[0].target, rest[0].node
        if not isinstance(value, nodes.Expr):
            return list(body)
        others = rest[1:]
        if not isinstance(target, nodes.Name) or not _may_replace(target.name, value, others):
            return list(body)
        replace = _Replacing(target.name, value)
        rest = [replace.visit(node) for node in others]
    return rest


def _may_replace(name: str, value: nodes.Node, rest: Sequence[nodes.Node]) -> bool:
    uses = sum(
        each.name == name and each.ctx == "load"
        for node in rest
        for each in node.find_all(nodes.Name)
    )
    again = any(
        each.name == name and each.ctx != "load"
        for node in rest
        for each in node.find_all(nodes.Name)
    )
    size = len(repr(value))
    return not again and (uses <= 1 or size * uses <= _LARGEST)


class _Replacing(NodeTransformer):
    def __init__(self, name: str, value: nodes.Expr) -> None:
        self.name, self.value = name, value

    def visit_Name(self, node: nodes.Name) -> nodes.Node:  # noqa: N802
        return copy.deepcopy(self.value) if node.name == self.name else node
