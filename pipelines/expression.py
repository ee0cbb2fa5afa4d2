"""Expressions: texts with Jinja2 in them as functions of a run's scope, typed and bounded."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from types import GeneratorType
from typing import Any, NamedTuple

from jinja2 import TemplateSyntaxError, nodes
from jinja2.exceptions import TemplateError
from jinja2.runtime import StrictUndefined

from pipelines.expression_names import Known, Mistake, Uses, mistakes, uses_of
from pipelines.expression_parts import looks, text_of
from pipelines.expression_python import translate
from pipelines.expression_reads import ANYTHING, Reads, reads_of
from pipelines.limits import MAX_TEXT, ExpressionError, inside, sized
from pipelines.sandbox import Sandbox, ScopeContext, bounded
from pipelines.scope import Constant, Expr, Scope
from pipelines.tree import Secret

_REMEMBERED = 20_000
_MARKS = ("{{", "{%", "{#")
_FAILURES = (
    TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError,
    RecursionError, MemoryError,
)  # fmt: skip


class Made(NamedTuple):
    """A compiled text, the same for all places it stands at, and the names it uses there."""

    expression: Expr
    uses: Uses


class Expressions:
    """Compiles the expressions of one home; `functions` are what they may call.

    Equal texts are compiled once: an expression is a function of the scope alone.
    """

    def __init__(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        self.sandbox = Sandbox(functions)
        self._made: dict[str, Made] = {}

    def compile(self, text: str, known: Known) -> tuple[Expr, list[Mistake]]:
        """The expression, and what is wrong with its text (then it must not be used)."""
        if isinstance(text, Secret) or not is_expression(text):
            return Constant(str(text)), []
        made = self._made.get(text) or self._remember(text)
        wrong = [*made.uses.wrong, *mistakes(made.uses, text, known, self.sandbox.globals)]
        return (_failed if wrong else made.expression), wrong

    def reads(self, text: str) -> Reads:
        """What a text depends on in the home; anything, where it cannot be parsed."""
        if isinstance(text, Secret) or not is_expression(text):
            return Reads()
        try:
            return reads_of(Careful(self.sandbox, text).tree())
        except (TemplateError, ExpressionError, RecursionError, MemoryError):
            return ANYTHING

    def parts(self, text: str) -> Iterator[tuple[str, Expr]]:
        """What the expressions in a text look up, as texts and expressions of their own."""
        try:
            found = {text_of(node): node for node in looks(Careful(self.sandbox, text).tree())}
        except TemplateSyntaxError:
            return
        for name, node in found.items():
            part = Careful(self.sandbox, name)
            part.prepare(nodes.Template([nodes.Output([node], lineno=1)], lineno=1))
            yield name, part

    def _remember(self, text: str) -> Made:
        if len(self._made) >= _REMEMBERED:
            self._made.clear()
        made = self._made[text] = self._make(text)
        return made

    def _make(self, text: str) -> Made:
        if len(text) > MAX_TEXT:
            return _wrong(Mistake(0, f"longer than {MAX_TEXT // 1000} kB"))
        try:
            careful = Careful(self.sandbox, text)
            tree = careful.tree()
            uses = uses_of(tree, text, self.sandbox)
            return Made(_failed if uses.wrong else self._expression(careful, tree), uses)
        except TemplateSyntaxError as error:
            return _wrong(_syntax_mistake(text, error))
        except ExpressionError as error:  # of a constant
            return _wrong(Mistake(0, str(error)))
        except (RecursionError, MemoryError):
            return _wrong(Mistake(0, "nested too deeply"))

    def _expression(self, careful: Careful, tree: nodes.Template) -> Expr:
        node = _node(tree)
        fast = translate(node, self.sandbox, careful) if node is not None else None
        if fast is None:
            careful.prepare(tree)
            return careful
        function, constant = fast
        return Constant(function(None)) if constant else function  # type: ignore[arg-type]


def _wrong(mistake: Mistake) -> Made:
    return Made(_failed, Uses((), (), (mistake,)))


def _failed(scope: Scope) -> Any:
    """Stands for an expression that has mistakes; no Plan is made of it."""
    raise ExpressionError("the expression has mistakes")


def is_expression(text: str) -> bool:
    """Whether a text holds Jinja."""
    return any(mark in text for mark in _MARKS)


class Careful:
    """An expression through Jinja itself: for all the language, and for the errors of the rest.

    Where there is a translation this is compiled when it is first needed: 1 ms and the memory of
    a syntax tree that most never cost.
    """

    __slots__ = ("render", "sandbox", "single", "text")

    def __init__(self, sandbox: Sandbox, text: str) -> None:
        stripped = text.strip()
        alone = stripped.startswith("{{") and stripped.endswith("}}")
        self.sandbox = sandbox
        self.text = stripped if alone else text
        self.single = False
        self.render: Callable[[ScopeContext], Any] | None = None

    def tree(self) -> nodes.Template:
        """The parsed text."""
        return self.sandbox.parse(self.text)

    def prepare(self, tree: nodes.Template) -> Callable[[ScopeContext], Any]:
        """Compile now."""
        node = _node(tree)
        self.single = isinstance(node, nodes.Expr)
        if isinstance(node, nodes.Expr):
            result = nodes.Name("result", "store", lineno=1)
            tree = nodes.Template([nodes.Assign(result, node, lineno=1)], lineno=1)
        tree.set_environment(self.sandbox)
        with warnings.catch_warnings(action="ignore", category=SyntaxWarning):
            template = self.sandbox.from_string(bounded(tree))
        self.render = template.root_render_func
        return self.render

    def __call__(self, scope: Scope) -> Any:
        """The value.

        Raises:
            ExpressionError: a name is undefined, a type does not fit, or a limit was passed.
        """
        render = self.render or self.prepare(self.tree())
        context = ScopeContext(self.sandbox, scope)
        try:
            text = self.sandbox.concat(render(context))
            return _finished(context.vars["result"]) if self.single else text
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
    undefined = inside(value, StrictUndefined)
    if undefined is not None:
        undefined._fail_with_undefined_error()
    return sized(value)


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
