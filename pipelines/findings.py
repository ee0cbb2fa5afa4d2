"""Conditions that can say why: compiled beside the plain ones, when somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pipelines.scope import AllHold, Scope, Test
from pipelines.step import StepFailed
from schemas.why import Finding


class Told(NamedTuple):
    """What decides about a condition: values by what they are called, conditions inside it."""

    values: dict[str, Any] = {}  # noqa: RUF012 (nobody changes it)
    parts: Sequence[Finding] = ()


Tell = Callable[[Scope], Told]


def nothing(scope: Scope) -> Told:
    """A condition that has nothing to tell beside whether it holds."""
    return Told()


class Explained:
    """A condition with its text and what it looks at."""

    __slots__ = ("_tell", "_test", "_text")

    def __init__(self, text: str, test: Test, tell: Tell) -> None:
        self._text = text
        self._test = test
        self._tell = tell

    def __call__(self, scope: Scope) -> bool:
        """Whether it holds."""
        return self._test(scope)

    def explain(self, scope: Scope) -> Finding:
        """Whether it holds, and why."""
        error, held = "", False
        try:
            held = bool(self._test(scope))
        except StepFailed as failure:
            error = str(failure)
        try:
            told = self._tell(scope)
        except StepFailed:
            told = Told()
        return Finding(self._text, held, told.values, list(told.parts), error)


def findings(test: Test | None, scope: Scope) -> list[Finding]:
    """What the conditions of a test say, each by itself."""
    if isinstance(test, AllHold):
        return [finding for each in test.tests for finding in findings(each, scope)]
    return [test.explain(scope)] if isinstance(test, Explained) else []
