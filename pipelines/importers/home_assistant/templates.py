"""Home Assistant's templates as expressions: parsed, rewritten, and checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.visitor import NodeTransformer

from pipelines import nowhere
from pipelines.expression import Expressions
from pipelines.expression_names import SCOPE_NAMES
from pipelines.expression_names import Known as Names
from pipelines.importers.home_assistant.entities import Known
from pipelines.importers.home_assistant.jinja_text import (
    constant_text,
    expression_text,
    text_of,
)
from pipelines.importers.home_assistant.rewriting import ENTITY, Rewriting, View
from pipelines.importers.home_assistant.simpler import single, trimmed
from pipelines.importers.home_assistant.unsupported import Unsupported
from pipelines.importers.home_assistant.values import plain_number
from pipelines.lookups import home_functions
from pipelines.ports import Home

JINJA = Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **home_functions(nowhere.ports(Home())),
    "sun": dict,
}
_OURS = Expressions(_FUNCTIONS)
RESERVED = frozenset({*_OURS.sandbox.globals, *SCOPE_NAMES})
"""Names that have a meaning in expressions, so that no variable can be called so."""


def translated(text: str, view: View, names: Iterable[str]) -> str:
    """A template in our words; `names` are the variables it may use.

    Raises:
        Unsupported: a part of it has no equivalent.
    """
    return _written(_rewritten(text, Rewriting(view)), names)


def translated_targets(text: str, view: View, names: Iterable[str]) -> str:
    """A template that gives entities, giving what stands for them here."""
    return _written(_rewritten(text, _Targets(view)), names)


def parsed(text: str) -> nodes.Template:
    """A template's tree, without white space around it.

    Raises:
        Unsupported: it is none.
    """
    try:
        return trimmed(JINJA.parse(text))
    except (TemplateSyntaxError, RecursionError) as error:
        raise Unsupported(f"the template cannot be read: {error}") from None


def inside_of(text: str) -> str:
    """The inside of a template, to be put into an expression.

    Raises:
        Unsupported: it is made of statements.
    """
    tree = parsed(text)
    node = single(tree)
    if node is None and len(tree.body) == 1 and isinstance(tree.body[0], nodes.Output):
        node = nodes.Concat([_as_value(each) for each in tree.body[0].nodes])
    if node is None:
        raise Unsupported("a template of statements inside another")
    return expression_text(node)


def _as_value(node: nodes.Expr) -> nodes.Expr:
    return nodes.Const(node.data) if isinstance(node, nodes.TemplateData) else node


def outcomes(text: str, constants: Mapping[str, Any]) -> list[str] | None:
    """Every text a template can give, None where they cannot be listed."""
    node = single(parsed(text))
    return None if node is None else _outcomes(node, constants)


def _outcomes(node: nodes.Node, constants: Mapping[str, Any]) -> list[str] | None:
    if isinstance(node, nodes.Name) and isinstance(constants.get(node.name), str):
        return [constants[node.name]]
    if isinstance(node, nodes.Const):
        return [str(node.value)]
    if isinstance(node, nodes.CondExpr) and node.expr2 is not None:
        ways = [_outcomes(each, constants) for each in (node.expr1, node.expr2)]
        return None if None in ways else [text for way in ways for text in way or ()]
    return None


def _rewritten(text: str, rewriting: Rewriting) -> nodes.Template:
    try:
        tree = rewriting.visit(parsed(text))
    except RecursionError:
        raise Unsupported("the template is nested too deeply") from None
    return tree  # type: ignore[no-any-return]


def _written(tree: nodes.Template, names: Iterable[str]) -> str:
    node = single(tree)
    try:
        text = text_of(tree) if node is None else f"{{{{ {expression_text(node)} }}}}"
    except (TypeError, RecursionError) as error:
        raise Unsupported(f"the template cannot be written: {error}") from None
    known = Names(inputs=None, variables=frozenset(names), steps=None)
    _, mistakes = _OURS.compile(text, known)
    if mistakes:
        first = mistakes[0]
        raise Unsupported(f"{first.text}: {first.hint}" if first.hint else first.text)
    return text


class _Targets(Rewriting, NodeTransformer):
    """Entities in the results become names of devices."""

    def visit_Name(self, node: nodes.Name) -> nodes.Node:  # noqa: N802
        """A variable that holds an entity."""
        entity = self.view.constants.get(node.name)
        if node.ctx == "load" and isinstance(entity, str) and ENTITY.fullmatch(entity):
            return nodes.Const(self.name(entity))
        return super().visit_Name(node)

    def visit_Const(self, node: nodes.Const) -> nodes.Node:  # noqa: N802
        """An entity, or several with commas between."""
        if not isinstance(node.value, str):
            return node
        names = [self.name(part.strip()) for part in node.value.split(",")]
        if len(names) > 1:
            return nodes.List([nodes.Const(name) for name in names])
        return nodes.Const(_without_domain(names[0]))

    def visit_TemplateData(self, node: nodes.TemplateData) -> nodes.Node:  # noqa: N802
        """An entity, or the beginning of its name."""
        if ENTITY.fullmatch(node.data):
            return nodes.TemplateData(self.name(node.data))
        return nodes.TemplateData(_without_domain(node.data))


def _without_domain(text: str) -> str:
    """`light.` of a name that is put together is left out."""
    domain, dot, rest = text.partition(".")
    return rest if dot and domain.isidentifier() else text


def constant(value: object) -> str:
    """A value as it stands in an expression."""
    return constant_text(value)


def is_numeric(text: str, known: Callable[[str], Known]) -> bool:
    """Whether a template gives a number, which then counts seconds."""
    node = single(parsed(text))
    return node is not None and _is_numeric(node, known)


def _is_numeric(node: nodes.Node, known: Callable[[str], Known]) -> bool:
    if isinstance(node, nodes.CondExpr):
        ways = [node.expr1, *([] if node.expr2 is None else [node.expr2])]
        return all(_is_numeric(way, known) for way in ways)
    if isinstance(node, nodes.Const):
        return isinstance(plain_number(node.value), int | float)
    if isinstance(node, nodes.Filter):
        return node.name in ("int", "float", "round", "abs", "multiply", "add")
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
        named = node.args[0] if node.args else None
        entity = named.value if isinstance(named, nodes.Const) else ""
        return node.node.name in ("int", "float", "range") or str(entity).startswith(
            ("input_number.", "number.", "sensor.", "counter.")
        )
    return isinstance(node, nodes.BinExpr)
