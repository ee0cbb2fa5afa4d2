"""Jinja's sandbox as our expressions use it: keys before attributes, and bounded work."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from time import perf_counter
from typing import Any

from jinja2 import nodes
from jinja2.filters import do_format, do_indent, sync_do_join
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing, pass_context, pass_eval_context
from jinja2.visitor import NodeTransformer

from pipelines import limits, moments
from pipelines.expression_names import SCOPE_NAMES
from pipelines.functions import FILTERS, TESTS
from pipelines.limits import MAX_SECONDS, MAX_SIZE, sized, too_large, too_slow
from pipelines.scope import Scope

_WIDTHS = ("center", "batch", "slice", "truncate", "filesizeformat")
_LISTS = (
    "list", "sort", "unique", "dictsort", "groupby", "batch", "slice", "sum", "min", "max", "items",
    "map", "select", "reject", "selectattr", "rejectattr",
)  # fmt: skip
_LAZY = ("map", "select", "reject", "selectattr", "rejectattr")
_LEFT_OUT = ("urlize", "xmlattr", "random", "pprint", "striptags", "wordwrap")
_GUARDED_METHODS = frozenset(
    {"ljust", "rjust", "center", "zfill", "expandtabs", "to_bytes", "translate", "encode"}
)
_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": limits.add, "*": limits.multiply, "**": limits.power, "%": limits.modulo,
}  # fmt: skip


class ScopeContext(Context):
    """Looks names up in a run's scope as they are needed; holds the deadline and the output."""

    def __init__(self, environment: Sandbox, scope: Scope) -> None:
        super().__init__(environment, environment.globals, None, {})
        self.scope = scope
        self.deadline = perf_counter() + MAX_SECONDS
        self.written = 0

    def resolve_or_missing(self, key: str) -> Any:
        """Names of the template, then of the scope, functions, and the run's variables."""
        if key in self.vars:
            return self.vars[key]
        if key in SCOPE_NAMES:
            value = getattr(self.scope, key)
            return missing if value is None else value
        if key in self.parent:
            return self.parent[key]
        return self.scope.variables.get(key, missing)


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment of all expressions of one home."""

    intercepted_binops = frozenset(_BINARY)

    def __init__(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        super().__init__(
            undefined=Missing,
            optimized=False,  # nothing is computed while compiling
            finalize=_written,
            cache_size=0,
            extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
        )
        kept = {name: self.globals[name] for name in ("dict", "cycler", "joiner", "namespace")}
        self.globals = {**kept, **functions, "range": limits.numbers_up_to}
        self.tests.update(TESTS)
        self.filters.update(FILTERS)
        self.filters.update({name: functions[name] for name in moments.FILTERS})
        self.filters.update({name: limits.modest(self.filters[name]) for name in _WIDTHS})
        self.filters.update({name: limits.short(self.filters[name]) for name in _LISTS})
        self.filters.update({name: _in_time(self.filters[name]) for name in _LAZY})
        self.filters |= {"format": _format, "join": _join, "indent": _indent}
        self.filters |= {_EACH: _each, _CONCAT: _concat, _WEIGHED: limits.weighed}
        for name in _LEFT_OUT:
            del self.filters[name]

    def concat(self, texts: Iterable[str]) -> str:
        """Join what a template, block or macro has written."""
        written, total = [], 0
        for text in texts:
            written.append(text)
            total += len(text)
            if total > MAX_SIZE:
                raise too_large()
        return "".join(written)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A mapping's key before its attribute, so that `payload.items` is the key."""
        if isinstance(obj, Mapping):
            try:
                return obj[attribute]
            except KeyError:
                pass
        return super().getattr(obj, attribute)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """`str.format`, with modest widths only."""
        wrapped = super().wrap_str_format(value)
        if wrapped is not None:
            limits.formattable(value.__self__)
        return wrapped

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic whose result can grow."""
        return _BINARY[operator](left, right)

    def call(__self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """Call from a template, in time; what a function does not know is undefined."""
        if perf_counter() > __context.deadline:
            raise too_slow()
        _check_method(__obj, args)
        for value in (*args, *kwargs.values()):
            limits.weighed(value)
        try:
            return limits.weighed(super().call(__context, __obj, *args, **kwargs))
        except Unknown as error:
            return __self.undefined(hint=str(error))


class Missing(StrictUndefined):
    """A value that is not there; what is done with it raises, saying what is there instead."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        name, owner = self._undefined_name, self._undefined_obj
        if self._undefined_hint:
            return self._undefined_hint
        if owner is missing:
            return f"`{name}` has no value here"
        if isinstance(owner, Mapping):
            keys = [f"`{key}`" for key in [*owner][:12]]
            return f"there is no `{name}`" + (f", only {', '.join(keys)}" if keys else "")
        if isinstance(owner, list | tuple):
            return f"there is no item {name}, the list has {len(owner)}"
        return f"`{name}` was looked up in {owner!r:.60}"


class Unknown(LookupError):
    """A function has no value to give (an unknown reading): undefined in expressions."""


def bounded(tree: nodes.Template) -> nodes.Template:
    """The template with its loops and concatenations replaced by bounded ones."""
    result: nodes.Template = _Bounds().visit(tree)
    return result


_EACH, _CONCAT, _WEIGHED = " each", " concat", " weighed"  # names no user can write


class _Bounds(NodeTransformer):
    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.iter = _filter(node.iter, _EACH)  # type: ignore[arg-type]
        return node

    def visit_Assign(self, node: nodes.Assign) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.node = _filter(node.node, _WEIGHED)  # type: ignore[arg-type]
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filter(nodes.List(node.nodes, lineno=node.lineno), _CONCAT)


def _filter(node: nodes.Expr, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


@pass_context
def _written(context: Any, value: Any) -> Any:
    if value.__class__ is str:
        context.written += len(value)
        if context.written > MAX_SIZE:
            raise too_large()
    if perf_counter() > context.deadline:
        raise too_slow()
    return limits.weighed(value)


def _in_time(function: Callable[..., Iterable[Any]]) -> Callable[..., Iterable[Any]]:
    """A filter that gives its items one by one, until the deadline."""

    @functools.wraps(function)
    def timed(context: Any, *args: Any, **kwargs: Any) -> Iterable[Any]:
        return limits.within(context.deadline, function(context, *args, **kwargs))

    return timed


@pass_context
def _each(context: Any, items: Iterable[Any]) -> Iterable[Any]:
    return limits.within(context.deadline, items)


def _concat(parts: list[Any]) -> str:
    return str(sized("".join([str(part) for part in parts])))


def _format(value: str, *args: Any, **kwargs: Any) -> str:
    limits.formattable(value)
    return do_format(value, *args, **kwargs)


def _indent(value: str, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    step = len(width) if isinstance(width, str) else width
    if (value.count("\n") + 1) * step > MAX_SIZE:
        raise too_large()
    return str(do_indent(value, width, first, blank))


@pass_eval_context
def _join(
    context: EvalContext, value: Iterable[Any], d: str = "", attribute: str | int | None = None
) -> str:
    return sync_do_join(context, limits.joinable(value, d), d, attribute)


def _check_method(function: Any, args: tuple[Any, ...]) -> None:
    """Refuse methods of texts and numbers that would make very large values."""
    owner = getattr(function, "__self__", None)
    if not isinstance(owner, str | bytes | int):
        return
    name = getattr(function, "__name__", "")
    if name in _GUARDED_METHODS and any(
        isinstance(arg, int) and abs(arg) > limits.MAX_WIDTH for arg in args
    ):
        raise too_large()
    if name == "replace" and len(args) >= 2:
        limits.replaceable(owner, args[0], args[1])  # type: ignore[arg-type]
    elif name == "join" and args:
        limits.joinable(args[0], owner)
