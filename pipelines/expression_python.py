"""The common part of Jinja's language translated to Python, forty times as fast.

The translation is optimistic: it may only give the value Jinja would give, or raise. Whatever it
raises, the expression is evaluated again by Jinja, which decides what is undefined or an error.
"""

from __future__ import annotations

import keyword
import warnings
from collections.abc import Callable
from functools import lru_cache, partial
from types import CodeType
from typing import Any

from jinja2 import nodes

from pipelines import insist, limits
from pipelines.expression_names import SCOPE_NAMES
from pipelines.sandbox import Sandbox
from pipelines.scope import Expr
from schemas.event import Event

_EVENT_FIELDS = frozenset(Event.__struct_fields__)
_RUN_FIELDS = frozenset({"id", "pipeline", "version", "started"})
_SIMPLE_FILTERS = frozenset({
    "abs", "capitalize", "count", "length", "float", "int", "bool", "lower", "upper", "title",
    "trim", "string", "round", "is_number", "iif", "contains", "multiply", "add", "min", "max",
    "sum", "first", "last", "from_json", "to_json", "regex_match", "regex_search",
    "regex_replace", "regex_findall", "replace", "as_datetime", "as_timestamp", "as_local",
    "timestamp_custom", "slugify", "average", "median", "log", "sqrt", "items",
})  # fmt: skip
_TEXT_METHODS = frozenset({
    "split", "rsplit", "splitlines", "strip", "lstrip", "rstrip", "lower", "upper", "title",
    "capitalize", "startswith", "endswith", "removeprefix", "removesuffix", "partition",
    "rpartition", "isdigit", "isnumeric", "isalpha", "isalnum", "find", "rfind", "count",
})  # fmt: skip
_OPERATORS = {
    "eq": "==", "ne": "!=", "gt": ">", "gteq": ">=", "lt": "<", "lteq": "<=", "in": "in",
    "notin": "not in",
}  # fmt: skip
_BINARY = {"And": "and", "Or": "or", "Sub": "-", "Div": "/", "FloorDiv": "//"}
_UNARY = {"Not": "not", "Neg": "-", "Pos": "+"}
_GUARDED = {"Mul": limits.multiply, "Mod": limits.modulo, "Pow": limits.power}


class _Beyond(Exception):
    """This part of the language is left to Jinja."""


def translate(
    node: nodes.Expr | nodes.Output, sandbox: Sandbox, careful: Expr
) -> tuple[Expr, bool] | None:
    """The expression in Python, and whether it is constant; None where Jinja must do it."""
    writer = _Writer(sandbox)
    try:
        source = writer.output(node) if isinstance(node, nodes.Output) else writer.write(node)
    except _Beyond:
        return None
    if writer.grows:
        source = f"_sized({source})"
    code = (
        f"def expression(scope):\n try:\n  return {source}\n"
        " except _TooMuch:\n  raise\n except Exception:\n  return _careful(scope)"
    )
    space = {
        **writer.bound, "_careful": careful, "_sized": limits.sized, "_TooMuch": limits.TooMuch,
    }  # fmt: skip
    try:
        with warnings.catch_warnings(action="ignore", category=SyntaxWarning):
            exec(_compiled(code), space)
    except (SyntaxError, RecursionError, MemoryError):
        return None
    return space["expression"], not writer.varies


@lru_cache(maxsize=2048)
def _compiled(code: str) -> CodeType:
    """Python's code of a text: pipelines say the same things, and a reload says them again."""
    return compile(code, "<expression>", "exec")


class _Writer:
    """Writes one expression; `bound` are the objects its Python refers to."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.bound: dict[str, Any] = {}
        self.varies = False
        self.grows = False

    def write(self, node: nodes.Node) -> str:
        """Python for a node."""
        name = type(node).__name__
        if isinstance(node, nodes.BinExpr) and name in _BINARY:
            return f"({self.write(node.left)} {_BINARY[name]} {self.write(node.right)})"
        if isinstance(node, nodes.BinExpr) and name in _GUARDED:
            return self._guarded(node, _GUARDED[name])
        if isinstance(node, nodes.UnaryExpr):
            return f"({_UNARY[name]} {self.write(node.node)})"
        method = getattr(self, f"_{name.lower()}", None)
        if method is None:
            raise _Beyond
        source: str = method(node)
        return source

    def output(self, node: nodes.Output) -> str:
        """A text with expressions in it."""
        self.grows = True
        parts = [
            repr(part.data) if isinstance(part, nodes.TemplateData) else f"str({self.write(part)})"
            for part in node.nodes
        ]
        return f"''.join(({', '.join(parts)},))"

    def bind(self, value: Any, hint: str) -> str:
        """A Python name for an object."""
        name = f"_{hint}{len(self.bound)}"
        self.bound[name] = value
        return name

    def all(self, items: list[Any]) -> str:
        """Python for several nodes, as arguments."""
        return "".join(f"{self.write(item)}, " for item in items)

    def _const(self, node: nodes.Const) -> str:
        value = node.value
        if isinstance(value, float) and not -1e300 < value < 1e300:
            return self.bind(value, "c")
        return f"({value!r})" if isinstance(value, int | float) else repr(value)

    def _name(self, node: nodes.Name) -> str:
        self.varies = True
        if node.name in ("error", "repeat"):
            return f"{self.bind(insist.given, 'given')}(scope.{node.name})"
        if node.name in SCOPE_NAMES:
            return f"scope.{node.name}"
        if node.name in self.sandbox.globals:
            raise _Beyond
        return f"scope.variables[{node.name!r}]"

    def _getattr(self, node: nodes.Getattr) -> str:
        owner = node.node
        if isinstance(owner, nodes.Name) and owner.name in ("event", "run"):
            self.varies = True
            if node.attr in (_EVENT_FIELDS if owner.name == "event" else _RUN_FIELDS):
                return f"scope.{owner.name}.{node.attr}"
            raise _Beyond
        if _is_data(owner):
            return f"{self._owner(owner)}[{node.attr!r}]"
        return f"{self.bind(self._attribute, 'get')}({self.write(owner)}, {node.attr!r})"

    def _getitem(self, node: nodes.Getitem) -> str:
        if isinstance(node.node, nodes.Const):
            raise _Beyond
        return f"{self._owner(node.node)}[{self.write(node.arg)}]"

    def _owner(self, node: nodes.Expr) -> str:
        """What is looked into: None raises by itself there."""
        if isinstance(node, nodes.Name) and node.name in ("error", "repeat"):
            self.varies = True
            return f"scope.{node.name}"
        return self.write(node)

    def _attribute(self, value: Any, name: str) -> Any:
        return insist.defined(self.sandbox.getattr(value, name))

    def _slice(self, node: nodes.Slice) -> str:
        parts = (node.start, node.stop, node.step)
        return ":".join("" if part is None else self.write(part) for part in parts)

    def _call(self, node: nodes.Call) -> str:
        self.varies = True
        function = node.node
        if node.dyn_args or node.dyn_kwargs:
            raise _Beyond
        if isinstance(function, nodes.Getattr):
            return self._method(function, node)
        if not isinstance(function, nodes.Name):
            raise _Beyond
        found = self.sandbox.globals.get(function.name)
        if found is None or isinstance(found, type) or hasattr(found, "jinja_pass_arg"):
            raise _Beyond
        return f"{self.bind(found, 'f')}({self._arguments(node)})"

    def _method(self, function: nodes.Getattr, node: nodes.Call) -> str:
        """A method of a text, or `get` of a mapping; whatever else has it raises."""
        if function.attr in _TEXT_METHODS:
            owner = self.bind(insist.text, "text")
        elif function.attr == "get":
            owner = self.bind(insist.mapping, "mapping")
        else:
            raise _Beyond
        return f"{owner}({self.write(function.node)}).{function.attr}({self._arguments(node)})"

    def _arguments(self, node: nodes.Call | nodes.Filter | nodes.Test) -> str:
        pairs = [(str(pair.key), pair.value) for pair in node.kwargs]
        if any(keyword.iskeyword(key) for key, _ in pairs):
            raise _Beyond
        named = [f"{key}={self.write(value)}" for key, value in pairs]
        return self.all(node.args) + ", ".join(named)

    def _filter(self, node: nodes.Filter) -> str:
        if node.node is None or node.dyn_args or node.dyn_kwargs:
            raise _Beyond
        if node.name in ("default", "d"):
            return self._default(node)
        if node.name not in _SIMPLE_FILTERS:
            raise _Beyond
        self.grows = True
        function = self.bind(self._plain(self.sandbox.filters[node.name]), "f")
        return f"{function}({self.write(node.node)}, {self._arguments(node)})"

    def _plain(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A filter as a function of its value and arguments, raising where it has no value."""
        wants = getattr(function, "jinja_pass_arg", None)
        if wants is None:
            return function
        if wants.name != "environment":
            raise _Beyond
        bound = partial(function, self.sandbox)
        return lambda *args, **kwargs: insist.defined(bound(*args, **kwargs))

    def _default(self, node: nodes.Filter) -> str:
        """A default for the last look-up; where an owner is missing Jinja has an error."""
        single = len(node.args) == 1 and isinstance(node.args[0], nodes.Const)
        if node.node is None or node.kwargs or not single:
            raise _Beyond
        if member := self._member(node.node):
            return f"{self.bind(insist.member_or, 'm')}({member}, {self.write(node.args[0])})"
        return self.write(node.node)

    def _member(self, node: nodes.Expr) -> str:
        """Owner and key of a look-up in plain data, as arguments; empty for anything else."""
        if isinstance(node, nodes.Getattr):
            owner, key = node.node, node.attr
        elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
            owner, key = node.node, node.arg.value
        else:
            return ""
        special = isinstance(owner, nodes.Name) and owner.name in ("event", "run")
        plain = not special and isinstance(key, str) and _is_data(owner)
        return f"{self._owner(owner)}, {key!r}" if plain else ""

    def _test(self, node: nodes.Test) -> str:
        if node.dyn_args or node.dyn_kwargs:
            raise _Beyond
        if node.name == "defined" and (member := self._member(node.node)):
            return f"{self.bind(insist.has, 'has')}({member})"
        value = self.write(node.node)
        if node.name == "none":
            return f"({value} is None)"
        if node.name in ("defined", "undefined"):
            return f"(({value}), {node.name == 'defined'})[1]"
        function = self.sandbox.tests[node.name]
        if hasattr(function, "jinja_pass_arg"):
            raise _Beyond
        return f"{self.bind(function, 't')}({value}, {self._arguments(node)})"

    def _compare(self, node: nodes.Compare) -> str:
        rest = "".join(f" {_OPERATORS[each.op]} {self.write(each.expr)}" for each in node.ops)
        return f"({self.write(node.expr)}{rest})"

    def _add(self, node: nodes.Add) -> str:
        self.grows = True
        return f"({self.write(node.left)} + {self.write(node.right)})"

    def _guarded(self, node: nodes.BinExpr, operation: Callable[[Any, Any], Any]) -> str:
        """An operation whose result can be large, unless one side is a fraction."""
        left, right = self.write(node.left), self.write(node.right)
        if isinstance(node, nodes.Mul) and (_is_float(node.left) or _is_float(node.right)):
            return f"({left} * {right})"
        return f"{self.bind(operation, 'op')}({left}, {right})"

    def _concat(self, node: nodes.Concat) -> str:
        self.grows = True
        parts = ", ".join(f"str({self.write(part)})" for part in node.nodes)
        return f"''.join(({parts},))"

    def _condexpr(self, node: nodes.CondExpr) -> str:
        otherwise = (
            self.write(node.expr2)
            if node.expr2 is not None
            else f"{self.bind(insist.given, 'g')}(None)"
        )
        return f"({self.write(node.expr1)} if {self.write(node.test)} else {otherwise})"

    def _list(self, node: nodes.List) -> str:
        return f"[{self.all(node.items)}]"

    def _tuple(self, node: nodes.Tuple) -> str:
        return f"({self.all(node.items)})"

    def _dict(self, node: nodes.Dict) -> str:
        pairs = (f"{self.write(pair.key)}: {self.write(pair.value)}" for pair in node.items)
        return f"{{{', '.join(pairs)}}}"


def _is_data(node: nodes.Expr) -> bool:
    """Whether a node is a look-up in plain data, where only mappings take a text."""
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        node = node.node
    return isinstance(node, nodes.Name)


def _is_float(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Const) and isinstance(node.value, float)
