"""The parts of an expression that have values of their own: what it looks at, and its text."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes

_SIGNS = {
    "eq": "==", "ne": "!=", "gt": ">", "gteq": ">=", "lt": "<", "lteq": "<=", "in": "in",
    "notin": "not in", "Add": "+", "Sub": "-", "Mul": "*", "Div": "/", "FloorDiv": "//",
    "Mod": "%", "Pow": "**", "And": "and", "Or": "or", "Not": "not ", "Neg": "-", "Pos": "+",
}  # fmt: skip
_LOOKS = (nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Call, nodes.Filter)


def looks(node: nodes.Node) -> Iterator[nodes.Expr]:
    """The outermost parts that look something up: names, members, calls, with their filters."""
    if isinstance(node, _LOOKS):
        if not _is_method_of_constant(node):
            yield node
        return
    for child in node.iter_child_nodes():
        yield from looks(child)


def _is_method_of_constant(node: nodes.Node) -> bool:
    return not any(isinstance(each, nodes.Name) for each in (node, *node.find_all(nodes.Name)))


def text_of(node: nodes.Node) -> str:
    """The part as an expression again."""
    match node:
        case nodes.Name():
            return node.name
        case nodes.Const(value=bool() | None):
            return str(node.value).lower()
        case nodes.Const():
            return repr(node.value)
        case nodes.Getattr():
            return f"{text_of(node.node)}.{node.attr}"
        case nodes.Getitem():
            return f"{text_of(node.node)}[{text_of(node.arg)}]"
        case nodes.Call():
            return f"{text_of(node.node)}({_arguments(node)})"
        case nodes.Filter() if node.node is not None:
            arguments = _arguments(node)
            return f"{text_of(node.node)} | {node.name}{f'({arguments})' if arguments else ''}"
        case nodes.Compare():
            return " ".join([text_of(node.expr), *map(text_of, node.ops)])
        case nodes.Operand():
            return f"{_SIGNS[node.op]} {text_of(node.expr)}"
        case nodes.BinExpr():
            sign = _SIGNS[type(node).__name__]
            return f"({text_of(node.left)} {sign} {text_of(node.right)})"
        case nodes.UnaryExpr():
            return f"{_SIGNS[type(node).__name__]}{text_of(node.node)}"
        case nodes.List() | nodes.Tuple():
            return f"[{', '.join(map(text_of, node.items))}]"
        case _:
            return "…"


def _arguments(node: nodes.Call | nodes.Filter) -> str:
    named = [f"{each.key}={text_of(each.value)}" for each in node.kwargs]
    return ", ".join([*map(text_of, node.args), *named])
