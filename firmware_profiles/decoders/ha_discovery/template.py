"""Home Assistant's templates: Jinja2 in a sandbox, the common forms as plain closures."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any

from jinja2 import TemplateError, Undefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from firmware_profiles.decoders.ha_discovery.functions import TESTS, filters, functions
from firmware_profiles.units import number

Value = Callable[[bytes, Any], Any]
"""A value of a message: (raw bytes, parsed payload) to what a template makes of it, or None."""

_ERRORS = (
    TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError,
    RecursionError, MemoryError,
)  # fmt: skip
_NOTHING = frozenset({"", "None", "none", "null", "unknown", "unavailable"})
_SOURCE_MAX = 8_000
_SIZE_MAX = 100_000
_LONG = (str, bytes, list, tuple)
_WIDE = re.compile(r"%[^%a-z]*(\d{4}|\*)")


class _Sandbox(ImmutableSandboxedEnvironment):
    """A sandbox whose products stay small: a config comes from anybody on the broker."""

    intercepted_binops = frozenset(["*", "**", "%"])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" and (abs(number(left) or 0) > 1e6 or abs(number(right) or 0) > 64):
            raise ValueError("the power is too large")
        if operator == "%" and isinstance(left, str) and _WIDE.search(left):
            raise ValueError("the width is too large")
        for one, times in ((left, right), (right, left)):
            if (
                operator == "*"
                and isinstance(one, _LONG)
                and len(one) * (number(times) or 0) > _SIZE_MAX
            ):
                raise ValueError("the repetition is too large")
        return super().call_binop(context, operator, left, right)


class Templates:
    """The templates of one broker; `zone` is the home's, for local times."""

    def __init__(self, zone: tzinfo | None) -> None:
        self._env = _Sandbox(autoescape=False)
        self._env.filters.update(filters(zone) | {"is_defined": _defined})
        self._env.globals.update(functions(zone))
        self._env.tests.update(TESTS)

    def value(self, source: Any) -> Value:
        """What a value template makes of a message; without one the message's text."""
        if not isinstance(source, str) or not source.strip():
            return _text
        try:
            tree = self._parsed(source)
            plain = _closure(tree)
            return plain if plain is not None else self._rendered(source.strip()[:_SOURCE_MAX])
        except _ERRORS:
            return _nothing

    def command(self, source: Any) -> Callable[[Mapping[str, Any]], str | None]:
        """What a command template writes; without one the value itself."""
        if not isinstance(source, str) or not source.strip():
            return lambda names: None
        try:
            self._parsed(source)
            template = self._env.from_string(source.strip()[:_SOURCE_MAX])
        except _ERRORS:
            return lambda names: None

        def write(names: Mapping[str, Any]) -> str | None:
            try:
                return template.render(names).strip()
            except _ERRORS:
                return None

        return write

    def key(self, source: Any) -> str:
        """The last key that a plain value template reads (`b` of `value_json.a.b`), or empty."""
        try:
            tree = self._env.parse(source if isinstance(source, str) else "")
        except _ERRORS:
            return ""
        for each in tree.find_all((nodes.Getattr, nodes.Getitem)):
            key = _key(each)
            if isinstance(key, str):
                return key
        return ""

    def _parsed(self, source: str) -> nodes.Template:
        """The tree of a template; one that could run or grow without end is refused."""
        tree = self._env.parse(source.strip()[:_SOURCE_MAX])
        if any(tree.find_all((nodes.Macro, nodes.CallBlock))):
            raise ValueError("macros are not known here")
        for loop in tree.find_all(nodes.For):
            if any(loop.find_all((nodes.For, nodes.NSRef))) or loop.recursive:
                raise ValueError("the loop may be endless")
        return tree

    def _rendered(self, source: str) -> Value:
        template = self._env.from_string(source)

        def value(raw: bytes, payload: Any) -> Any:
            names = {"value": raw.decode(errors="replace")}
            if payload.__class__ is not str or raw[:1] == b'"':
                names["value_json"] = payload
            try:
                text = template.render(names).strip()
            except _ERRORS:
                return None
            return None if text in _NOTHING else text

        return value


def _text(raw: bytes, payload: Any) -> Any:
    text = raw.decode(errors="replace")
    return None if text in _NOTHING else text


def _nothing(raw: bytes, payload: Any) -> None:
    """The value of a template that is wrong."""


def at(*path: str | int) -> Value:
    """The value at a path of a JSON payload."""

    def value(raw: bytes, payload: Any) -> Any:
        for key in path:
            try:
                payload = payload[key]
            except (LookupError, TypeError):
                return None
        return None if payload.__class__ is str and payload in _NOTHING else payload

    return value


def _closure(tree: nodes.Template) -> Value | None:
    """A template of one plain expression as a closure; None when Jinja has to run it."""
    output = tree.body[0] if len(tree.body) == 1 else None
    if not isinstance(output, nodes.Output) or len(output.nodes) != 1:
        return None
    return _expression(output.nodes[0])


def _expression(node: nodes.Node) -> Value | None:
    if isinstance(node, nodes.Name):
        return {"value": _text, "value_json": at()}.get(node.name)
    if isinstance(node, nodes.Getattr | nodes.Getitem):
        path = _path(node)
        return None if path is None else at(*path)
    if isinstance(node, nodes.Filter) and node.node is not None:
        return _filtered(node)
    if isinstance(node, nodes.Mul | nodes.Div | nodes.Add | nodes.Sub):
        return _calculated(node)
    return None


def _path(node: nodes.Node) -> list[str | int] | None:
    if isinstance(node, nodes.Name):
        return [] if node.name == "value_json" else None
    key = _key(node)
    inner = _path(node.node) if isinstance(node, nodes.Getattr | nodes.Getitem) else None
    return None if inner is None or key is None else [*inner, key]


def _key(node: nodes.Node) -> str | int | None:
    if isinstance(node, nodes.Getattr):
        return None if hasattr(dict, node.attr) else node.attr  # `items` may mean the method
    constant = node.arg if isinstance(node, nodes.Getitem) else None
    plain = constant.value if isinstance(constant, nodes.Const) else None
    return plain if plain.__class__ in (str, int) else None


def _filtered(node: nodes.Filter) -> Value | None:
    inner = _expression(node.node) if node.node is not None else None
    given = [each.value for each in node.args if isinstance(each, nodes.Const)]
    if inner is None or len(given) != len(node.args) or node.kwargs:
        return None
    if node.name == "round" and len(given) < 2 and (not given or given[0].__class__ is int):
        digits = given[0] if given else 0
        return _applied(inner, lambda plain: round(plain, digits) if digits else round(plain))
    if node.name == "float" and not given:
        return _applied(inner, lambda plain: plain)
    if node.name == "int" and not given:
        return _applied(inner, int)
    return inner if node.name == "is_defined" and not given else None


def _applied(inner: Value, change: Callable[[Any], Any]) -> Value:
    def value(raw: bytes, payload: Any) -> Any:
        plain = number(inner(raw, payload))
        return None if plain is None else change(plain)

    return value


_OPERATIONS: dict[type[nodes.BinExpr], Callable[[Any, Any], Any]] = {
    nodes.Mul: lambda left, right: left * right,
    nodes.Div: lambda left, right: left / right if right else None,
    nodes.Add: lambda left, right: left + right,
    nodes.Sub: lambda left, right: left - right,
}


def _calculated(node: nodes.BinExpr) -> Value | None:
    """A number with a constant: `value_json.x / 10`."""
    inner, constant = _expression(node.left), node.right
    if inner is None or not isinstance(constant, nodes.Const):
        return None
    right, operation = number(constant.value), _OPERATIONS[type(node)]
    if right is None or inner is _text:
        return None

    def value(raw: bytes, payload: Any) -> Any:
        left = inner(raw, payload)
        return operation(left, right) if left.__class__ in (int, float) else None

    return value


def _defined(value: Any) -> Any:
    if isinstance(value, Undefined):
        raise ValueError("the value is not defined")
    return value
