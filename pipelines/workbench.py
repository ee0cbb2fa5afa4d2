"""What a component's `compile` is handed: the language's compilers, at its place in the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pipelines.expression import is_expression
from pipelines.expression_names import Known
from pipelines.expression_reads import Reads
from pipelines.limits import ExpressionError
from pipelines.plan import Block, Link, ModelUse
from pipelines.scope import Constant, Expr, Scope, Test
from pipelines.tree import Map, found, place
from pipelines.trigger import Arm
from pipelines.wording import worded
from schemas.fields import seconds
from schemas.model import Where
from schemas.problem import Position, Problem

if TYPE_CHECKING:
    from pipelines.draft import Draft


class Workbench:
    """The `Tools` of one component; `fields` is the tree its values came from."""

    def __init__(
        self, draft: Draft, path: str, fields: Map, known: Known, at: Position | None = None
    ) -> None:
        self.ports = draft.ports
        self.path = path
        self.asker = draft.asker
        self._draft = draft
        self._fields = fields
        self._known = known
        self._at = at or fields.at

    def expression(self, text: Any, at: str, *, names: Iterable[str] = ()) -> Expr:
        """A value or a template text as a function of the scope."""
        if not isinstance(text, str):
            return Constant(text)
        known = self._known.with_variables(names) if names else self._known
        return self._draft.expression(text, self._place(at), known)

    def reads(self, text: str) -> Reads:
        """What an expression depends on in the home."""
        return self._draft.reads(text)

    def template(self, value: Any, at: str) -> Expr:
        """The same for any depth of lists and mappings."""
        if isinstance(value, Mapping):
            return _mapping(*((k, self.template(v, f"{at}/{k}")) for k, v in value.items()))
        if isinstance(value, list | tuple):
            return _list([self.template(v, f"{at}/{i}") for i, v in enumerate(value)])
        return self.expression(value, at)

    def conditions(self, value: Any, at: str) -> Test:
        """A condition or a list of them."""
        test = self._draft.conditions(value, self._place(at), self._known, f"{self.path}/{at}")
        return test or _always

    def steps(self, value: Any, at: str) -> Block:
        """A list of steps."""
        spots = self._spots(at, value)
        return self._draft.steps(value, self._place(at), spots, parent=self.path, branch=at)

    def triggers(self, value: Any, at: str) -> list[tuple[str, Arm]]:
        """A list of triggers as (id, arm)."""
        return self._draft.waits(
            value, self._place(at), f"{self.path}/{at}", self._spots(at, value), self._known
        )

    def seconds(self, value: Any, at: str) -> float:
        """A constant duration."""
        try:
            return seconds(value)
        except ValueError as error:
            self.problem(f"`{at}`: {error}", at)
            return 0.0

    def duration(self, value: Any, at: str) -> Expr:
        """A duration that may hold an expression."""
        if not (isinstance(value, str) and is_expression(value)):
            return Constant(self.seconds(value, at))
        expression = self.expression(value, at)
        if isinstance(expression, Constant):
            return Constant(self.seconds(expression.value, at))

        def duration(scope: Scope) -> float:
            try:
                return seconds(expression(scope))
            except ValueError as error:
                raise ExpressionError(f"{error} (from `{value}`)") from None

        return duration

    def follows(self, pipeline: str, at: str) -> None:
        """Note that the ends of another pipeline start this one."""
        self._draft.links.append(Link(pipeline, self._place(at)))

    def calls(self, pipeline: str, at: str, inputs: str) -> None:
        """Note that this component runs another pipeline with the inputs in a field of its own."""
        given = self._fields.get(inputs, Map(self._place(at)))
        self._draft.links.append(Link(pipeline, self._place(at), given))

    def asks(self, model: str, where: Where, *, compared: bool) -> None:
        """Note that this component asks a model."""
        use = ModelUse(model, where, compared, self._place("model"), self._place("placement"))
        self._draft.models.append(use)

    def wording(self, at: str) -> tuple[str, ...]:
        """A field as it was written."""
        value = found(self._fields, _steps(at))
        items = value if isinstance(value, list) else [] if value is None else [value]
        return tuple(map(worded, items))

    def parts(self, text: Any, at: str) -> list[tuple[str, Expr]]:
        """What an expression looks up."""
        return self._draft.parts(text) if isinstance(text, str) else []

    def problem(self, text: str, at: str = "", hint: str = "", severity: str = "error") -> None:
        """Report a mistake at a field."""
        self._draft.report(Problem(self._place(at), text, hint, severity))

    def _place(self, at: str) -> Position:
        return place(self._fields, _steps(at), self._at)

    def _spots(self, at: str, value: Any) -> list[Position]:
        """The places of a list's items: decoding to `list` has lost them."""
        steps = _steps(at)
        count = len(value) if isinstance(value, list) else 0
        return [place(self._fields, [*steps, index], self._at) for index in range(count)]


def _steps(at: str) -> list[str | int]:
    return [int(part) if part.isdigit() else part for part in at.split("/") if part]


def _always(scope: Scope) -> bool:
    return True


@lru_cache(maxsize=4096)
def _mapping(*parts: tuple[str, Expr]) -> Expr:
    """Equal expressions are one object: so pipelines of one blueprint share their mappings too."""
    constant = {key: part.value for key, part in parts if isinstance(part, Constant)}
    if len(constant) == len(parts):
        return Constant(constant)
    varying = tuple((key, part) for key, part in parts if key not in constant)
    frame = {key: constant.get(key) for key, _ in parts}

    def mapping(scope: Scope) -> dict[str, Any]:
        made = frame.copy()
        for key, part in varying:
            made[key] = part(scope)
        return made

    return mapping


def _list(parts: list[Expr]) -> Expr:
    constant = [part.value for part in parts if isinstance(part, Constant)]
    if len(constant) == len(parts):
        return Constant(constant)
    return lambda scope: [part(scope) for part in parts]
