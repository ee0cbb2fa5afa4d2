"""Expressions: texts with Jinja2 in them as functions of a run's scope, typed and bounded."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from types import GeneratorType
from typing import Any

from jinja2 import TemplateSyntaxError, nodes
from jinja2.exceptions import TemplateError
from jinja2.runtime import StrictUndefined

from pipelines.expression_names import Known, Mistake, mistakes
from pipelines.expression_python import translate
from pipelines.limits import MAX_TEXT, ExpressionError, sized
from pipelines.sandbox import Sandbox, ScopeContext, bounded
from pipelines.scope import Constant, Expr, Scope
from pipelines.tree import Secret

_MARKS = ("{{", "{%", "{#")
_FAILURES = (
    TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError,
    RecursionError, MemoryError,
)  # fmt: skip


class Expressions:
    """Compiles the expressions of one home; `functions` are what they may call."""

    def __init__(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        self.sandbox = Sandbox(functions)

    def compile(self, text: str, known: Known) -> tuple[Expr, list[Mistake]]:
        """The expression, and what is wrong with its text (then it must not be used)."""
        if isinstance(text, Secret) or not is_expression(text):
            return Constant(str(text)), []
        if len(text) > MAX_TEXT:
            return _failed, [Mistake(0, f"longer than {MAX_TEXT // 1000} kB")]
        try:
            return self._compile(text, known)
        except TemplateSyntaxError as error:
            return _failed, [_syntax_mistake(text, error)]
        except ExpressionError as error:  # of a constant
            return _failed, [Mistake(0, str(error))]
        except (RecursionError, MemoryError):
            return _failed, [Mistake(0, "nested too deeply")]

    def _compile(self, text: str, known: Known) -> tuple[Expr, list[Mistake]]:
        careful = Careful(self.sandbox, text)
        if wrong := mistakes(careful.tree, text, known, self.sandbox):
            return _failed, wrong
        if careful.node is not None and (fast := translate(careful.node, self.sandbox, careful)):
            function, constant = fast
            return (_constant(function), []) if constant else (function, [])
        careful.prepare()
        return careful, []


def _failed(scope: Scope) -> Any:
    """Stands for an expression that has mistakes; no Plan is made of it."""
    raise ExpressionError("the expression has mistakes")


def _constant(function: Expr) -> Constant:
    return Constant(function(None))  # type: ignore[arg-type]


def is_expression(text: str) -> bool:
    """Whether a text holds Jinja."""
    return any(mark in text for mark in _MARKS)


class Careful:
    """An expression through Jinja itself: for all the language, and for the errors of the rest.

    `node` is what a translation may begin at: the only expression, or a text with expressions.
    Where there is one this is compiled when it is first needed: 1 ms that most never cost.
    """

    __slots__ = ("node", "render", "sandbox", "text", "tree")

    def __init__(self, sandbox: Sandbox, text: str) -> None:
        stripped = text.strip()
        alone = stripped.startswith("{{") and stripped.endswith("}}")
        self.sandbox = sandbox
        self.text = text
        self.tree = sandbox.parse(stripped if alone else text)
        self.node = _node(self.tree)
        self.render: Callable[[ScopeContext], Any] | None = None

    def prepare(self) -> None:
        """Compile now."""
        tree = self.tree
        if isinstance(self.node, nodes.Expr):
            result = nodes.Name("result", "store", lineno=1)
            tree = nodes.Template([nodes.Assign(result, self.node, lineno=1)], lineno=1)
        tree.set_environment(self.sandbox)
        with warnings.catch_warnings(action="ignore", category=SyntaxWarning):
            template = self.sandbox.from_string(bounded(tree))
        self.render = template.root_render_func

    def __call__(self, scope: Scope) -> Any:
        """The value.

        Raises:
            ExpressionError: a name is undefined, a type does not fit, or a limit was passed.
        """
        if self.render is None:
            self.prepare()
        assert self.render is not None
        context = ScopeContext(self.sandbox, scope)
        try:
            text = "".join(self.render(context))
            single = isinstance(self.node, nodes.Expr)
            return _finished(context.vars["result"]) if single else sized(text)
        except ExpressionError as error:
            raise ExpressionError(f"{error} in `{_shown(self.text)}`") from None
        except _FAILURES as error:
            raise ExpressionError(f"{_reason(error)} in `{_shown(self.text)}`") from error


def _reason(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, MemoryError):
        return "too little memory"
    return str(error) or type(error).__name__


def _shown(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 100 else f"{line[:99]}…"


def _finished(value: Any) -> Any:
    """The value with generators as lists, of allowed size and defined in all its parts."""
    if isinstance(value, GeneratorType | map | filter | zip | range):
        value = list(value)
    _check_defined(value)
    return sized(value)


def _check_defined(value: Any) -> None:
    if isinstance(value, StrictUndefined):
        value._fail_with_undefined_error()
    if isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            _check_defined(part)


def _node(tree: nodes.Template) -> nodes.Expr | nodes.Output | None:
    """The only expression of a template without text around it, else its output without blocks."""
    if len(tree.body) != 1 or not isinstance(tree.body[0], nodes.Output):
        return None
    output = tree.body[0]
    only = output.nodes[0] if len(output.nodes) == 1 else output
    return output if isinstance(only, nodes.TemplateData) else only


def _syntax_mistake(text: str, error: TemplateSyntaxError) -> Mistake:
    lines = text.split("\n")
    before = sum(len(line) + 1 for line in lines[: error.lineno - 1])
    line = lines[error.lineno - 1] if error.lineno <= len(lines) else ""
    return Mistake(before + max(line.find("{"), 0), error.message or "a syntax error")
