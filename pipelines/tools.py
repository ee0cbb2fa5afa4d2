"""What a component's `compile` works with: the language's compilers and the ports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from pipelines.expression_reads import Reads
from pipelines.plan import Block
from pipelines.ports import Ports
from pipelines.scope import Expr, Test
from pipelines.trigger import Arm
from schemas.model import Asker, Where


class Tools(Protocol):
    """Handed to `compile`; knows the place in the file, so problems point at it.

    `at` is always the name of the field the value came from. `asker` is the pipeline as models
    see it.
    """

    ports: Ports
    path: str
    asker: Asker

    def expression(self, text: Any, at: str, *, names: Iterable[str] = ()) -> Expr:
        """A value or a template text as a function of the scope; a constant is a `Constant`.

        `names` are variables that the component puts into the scope.
        """

    def reads(self, text: str) -> Reads:
        """The readings and remembered values an expression depends on, as far as can be told."""

    def template(self, value: Any, at: str) -> Expr:
        """Like `expression` for any depth of lists and mappings with templates inside."""

    def conditions(self, value: Any, at: str) -> Test:
        """A condition or a list of them (all must hold)."""

    def steps(self, value: Any, at: str) -> Block:
        """A list of steps as a block whose paths lie under this step."""

    def triggers(self, value: Any, at: str) -> list[tuple[str, Arm]]:
        """A list of triggers as (id, arm)."""

    def seconds(self, value: Any, at: str) -> float:
        """A constant duration."""

    def duration(self, value: Any, at: str) -> Expr:
        """A duration that may hold an expression, as a function giving seconds."""

    def follows(self, pipeline: str, at: str) -> None:
        """Note that the ends of another pipeline start this one."""

    def calls(self, pipeline: str, at: str, inputs: str) -> None:
        """Note that this component runs another pipeline with the inputs in a field of its own."""

    def asks(self, model: str, where: Where, *, compared: bool) -> None:
        """Note that this component asks a model, by its fields `model` and `placement`."""

    def wording(self, at: str) -> tuple[str, ...]:
        """A field as it was written, for people: a line for each item of a list."""

    def parts(self, text: Any, at: str) -> list[tuple[str, Expr]]:
        """What an expression looks up, each part with its text: to tell what it found."""

    def problem(self, text: str, at: str = "", hint: str = "", severity: str = "error") -> None:
        """Report a user's mistake at a field of the component being compiled."""
