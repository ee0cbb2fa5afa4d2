"""Jinja's syntax trees as text again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from jinja2 import nodes

_LOWEST, _CONDITION, _OR, _AND, _NOT, _COMPARE, _SUM, _CONCAT, _TERM, _UNARY, _POWER, _ATOM = range(
    12
)
_BINARY: Mapping[type[nodes.Node], tuple[str, int]] = {
    nodes.Or: ("or", _OR), nodes.And: ("and", _AND), nodes.Add: ("+", _SUM),
    nodes.Sub: ("-", _SUM), nodes.Mul: ("*", _TERM), nodes.Div: ("/", _TERM),
    nodes.FloorDiv: ("//", _TERM), nodes.Mod: ("%", _TERM), nodes.Pow: ("**", _POWER),
}  # fmt: skip
_COMPARED: Mapping[str, str] = {
    "eq": "==", "ne": "!=", "gt": ">", "gteq": ">=", "lt": "<", "lteq": "<=", "in": "in",
    "notin": "not in",
}  # fmt: skip


def text_of(template: nodes.Template) -> str:
    """The text of a template; trimmed whitespace stays trimmed."""
    return _block(template.body)


def expression_text(node: nodes.Node) -> str:
    """The text of an expression."""
    return _write(node, _LOWEST)


def constant_text(value: Any) -> str:
    """A value as Jinja writes it."""
    if isinstance(value, str):
        return _quoted(value)
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(constant_text(each) for each in value)}]"
    if isinstance(value, dict):
        pairs = (f"{constant_text(k)}: {constant_text(v)}" for k, v in value.items())
        return f"{{{', '.join(pairs)}}}"
    return repr(value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
    if "'" not in escaped:
        return f"'{escaped}'"
    if '"' not in escaped:
        return f'"{escaped}"'
    escaped = escaped.replace("'", "\\'")
    return f"'{escaped}'"


def _write(node: nodes.Node, outer: int) -> str:
    """An expression, in parentheses where it binds less than what is around it."""
    text, binds = _expression(node)
    return text if binds >= outer else f"({text})"


def _expression(node: nodes.Node) -> tuple[str, int]:
    if type(node) in _BINARY:
        sign, binds = _BINARY[type(node)]
        left, right = node.left, node.right  # type: ignore[attr-defined]
        return f"{_write(left, binds)} {sign} {_write(right, binds + 1)}", binds
    writer = _WRITERS.get(type(node))
    if writer is None:
        raise TypeError(f"{type(node).__name__} is no expression")
    return writer(node)


def _condition(node: nodes.CondExpr) -> tuple[str, int]:
    text = f"{_write(node.expr1, _OR)} if {_write(node.test, _OR)}"
    if node.expr2 is not None:
        text += f" else {_write(node.expr2, _CONDITION)}"
    return text, _CONDITION


def _not(node: nodes.Not) -> tuple[str, int]:
    if isinstance(node.node, nodes.Test):
        return _test(node.node, "is not")
    return f"not {_write(node.node, _NOT)}", _NOT


def _compare(node: nodes.Compare) -> tuple[str, int]:
    text = _write(node.expr, _SUM)
    for operand in node.ops:
        text += f" {_COMPARED[operand.op]} {_write(operand.expr, _SUM)}"
    return text, _COMPARE


def _concat(node: nodes.Concat) -> tuple[str, int]:
    return " ~ ".join(_write(each, _TERM) for each in node.nodes), _CONCAT


def _filter(node: nodes.Filter) -> tuple[str, int]:
    inner = _write(node.node, _UNARY) if node.node is not None else ""
    return f"{inner} | {node.name}{_arguments(node, hide=True)}", _UNARY


def _test(node: nodes.Test, word: str = "is") -> tuple[str, int]:
    return f"{_write(node.node, _UNARY)} {word} {node.name}{_arguments(node, hide=True)}", _COMPARE


def _call(node: nodes.Call) -> tuple[str, int]:
    return f"{_write(node.node, _ATOM)}{_arguments(node)}", _ATOM


def _arguments(node: Any, *, hide: bool = False) -> str:
    parts = [_write(each, _CONDITION) for each in node.args]
    parts += [f"{each.key}={_write(each.value, _CONDITION)}" for each in node.kwargs]
    if node.dyn_args is not None:
        parts.append(f"*{_write(node.dyn_args, _ATOM)}")
    if node.dyn_kwargs is not None:
        parts.append(f"**{_write(node.dyn_kwargs, _ATOM)}")
    return "" if hide and not parts else f"({', '.join(parts)})"


def _getattr(node: nodes.Getattr) -> tuple[str, int]:
    return f"{_write(node.node, _ATOM)}.{node.attr}", _ATOM


def _getitem(node: nodes.Getitem) -> tuple[str, int]:
    if isinstance(node.arg, nodes.Slice):
        ends = [node.arg.start, node.arg.stop]
        ends += [node.arg.step] if node.arg.step is not None else []
        inner = ":".join("" if end is None else _write(end, _CONDITION) for end in ends)
    else:
        inner = _write(node.arg, _CONDITION)
    return f"{_write(node.node, _ATOM)}[{inner}]", _ATOM


def _commas(values: Iterable[nodes.Node]) -> str:
    return ", ".join(_write(each, _CONDITION) for each in values)


def _tuple(node: nodes.Tuple) -> tuple[str, int]:
    inner = _commas(node.items)
    return f"({inner}{',' if len(node.items) == 1 else ''})", _ATOM


def _dict(node: nodes.Dict) -> tuple[str, int]:
    pairs = (f"{_write(p.key, _CONDITION)}: {_write(p.value, _CONDITION)}" for p in node.items)
    return f"{{{', '.join(pairs)}}}", _ATOM


_WRITERS: Mapping[type[nodes.Node], Callable[[Any], tuple[str, int]]] = {
    nodes.Const: lambda node: (constant_text(node.value), _ATOM),
    nodes.TemplateData: lambda node: (constant_text(node.data), _ATOM),
    nodes.Name: lambda node: (node.name, _ATOM),
    nodes.NSRef: lambda node: (f"{node.name}.{node.attr}", _ATOM),
    nodes.List: lambda node: (f"[{_commas(node.items)}]", _ATOM),
    nodes.Neg: lambda node: (f"-{_write(node.node, _ATOM)}", _UNARY),
    nodes.Pos: lambda node: (f"+{_write(node.node, _ATOM)}", _UNARY),
    nodes.CondExpr: _condition, nodes.Not: _not, nodes.Compare: _compare, nodes.Concat: _concat,
    nodes.Filter: _filter, nodes.Test: _test, nodes.Call: _call, nodes.Getattr: _getattr,
    nodes.Getitem: _getitem, nodes.Tuple: _tuple, nodes.Dict: _dict,
}  # fmt: skip


def _block(body: Sequence[nodes.Node]) -> str:
    return "".join(_statement(node) for node in body)


def _statement(node: nodes.Node) -> str:
    writer = _STATEMENTS.get(type(node))
    if writer is None:
        raise TypeError(f"{type(node).__name__} cannot be written")
    return writer(node)


def _output(node: nodes.Output) -> str:
    return "".join(
        _data(each.data)
        if isinstance(each, nodes.TemplateData)
        else f"{{{{ {expression_text(each)} }}}}"
        for each in node.nodes
    )


def _data(text: str) -> str:
    if not any(mark in text for mark in ("{{", "{%", "{#")):
        return text
    return f"{{% raw %}}{text}{{% endraw %}}"


def _if(node: nodes.If) -> str:
    text = f"{{% if {expression_text(node.test)} %}}{_block(node.body)}"
    for each in node.elif_:
        text += f"{{% elif {expression_text(each.test)} %}}{_block(each.body)}"
    if node.else_:
        text += f"{{% else %}}{_block(node.else_)}"
    return f"{text}{{% endif %}}"


def _for(node: nodes.For) -> str:
    target = _names(node.target)
    text = f"{{% for {target} in {_write(node.iter, _OR)}"
    if node.test is not None:
        text += f" if {expression_text(node.test)}"
    text += f"{' recursive' if node.recursive else ''} %}}{_block(node.body)}"
    if node.else_:
        text += f"{{% else %}}{_block(node.else_)}"
    return f"{text}{{% endfor %}}"


def _names(node: nodes.Node) -> str:
    if isinstance(node, nodes.Tuple):
        return ", ".join(_names(each) for each in node.items)
    return expression_text(node)


def _assign(node: nodes.Assign) -> str:
    return f"{{% set {_names(node.target)} = {expression_text(node.node)} %}}"


def _assign_block(node: nodes.AssignBlock) -> str:
    return f"{{% set {_names(node.target)} %}}{_block(node.body)}{{% endset %}}"


def _macro(node: nodes.Macro) -> str:
    bare = len(node.args) - len(node.defaults)
    names = [each.name for each in node.args[:bare]]
    names += [
        f"{each.name}={_write(default, _CONDITION)}"
        for each, default in zip(node.args[bare:], node.defaults, strict=True)
    ]
    inner = _block(node.body)
    return f"{{% macro {node.name}({', '.join(names)}) %}}{inner}{{% endmacro %}}"


_STATEMENTS: Mapping[type[nodes.Node], Callable[[Any], str]] = {
    nodes.Output: _output, nodes.If: _if, nodes.For: _for, nodes.Assign: _assign,
    nodes.AssignBlock: _assign_block, nodes.Macro: _macro,
    nodes.ExprStmt: lambda node: f"{{% do {expression_text(node.node)} %}}",
    nodes.Break: lambda node: "{% break %}", nodes.Continue: lambda node: "{% continue %}",
}  # fmt: skip
