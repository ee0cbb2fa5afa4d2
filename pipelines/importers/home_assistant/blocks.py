"""Actions made of others: choices, repetitions, what runs side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipelines.importers.home_assistant.conditions import conditions
from pipelines.importers.home_assistant.page import Page, alias_of
from pipelines.importers.home_assistant.unsupported import Unsupported
from pipelines.importers.home_assistant.values import items
from pipelines.importers.home_assistant.writing import Comment
from pipelines.tree import Map

Steps = list[Any]
Sequence = Callable[[Any, Page], Steps]
"""What makes the steps of a sequence."""


def when(test: list[Any], steps: Steps) -> Steps:
    """Steps that run when conditions hold: `if` beside a single one, else a choice."""
    tests = [each for each in test if not isinstance(each, Comment)]
    if not tests:
        return [*test, *steps]
    real = [step for step in steps if not isinstance(step, Comment)]
    wanted = test[0] if len(test) == 1 else test
    if len(real) == 1 and isinstance(real[0], dict) and "if" not in real[0]:
        return [{"if": wanted, **step} if step is real[0] else step for step in steps]
    return [{"choose": {"branches": [{"if": wanted, "steps": steps}]}}]


def choose(item: Map, page: Page, steps_of: Sequence) -> Steps:
    """`choose`: the first branch whose conditions hold."""
    branches = []
    for branch in items(item["choose"]):
        if not isinstance(branch, Map):
            raise Unsupported("a choice must be a mapping")
        tests = conditions(branch.get("conditions", branch.get("condition")), page)
        steps = steps_of(branch.get("sequence"), page)
        branches.append(_branch(tests, steps, branch))
    otherwise = steps_of(item.get("default"), page) if item.get("default") else []
    if not branches:
        return otherwise
    fields: dict[str, Any] = {"branches": branches}
    return [{"choose": fields | ({"otherwise": otherwise} if otherwise else {})}]


def _branch(tests: list[Any], steps: Steps, tree: Map) -> dict[str, Any]:
    real = [each for each in tests if not isinstance(each, Comment)]
    wanted: Any = tests if len(tests) != 1 else tests[0]
    if not real:
        wanted = [*tests, "{{ false }}"] if tests else "{{ true }}"
    alias = {f"#{index}": note for index, note in enumerate(alias_of(tree))}
    return {**alias, "if": wanted, "steps": steps}


def if_(item: Map, page: Page, steps_of: Sequence) -> Steps:
    """`if`: beside a single step, else a choice of two."""
    tests = conditions(item["if"], page)
    then = steps_of(item.get("then"), page)
    otherwise = steps_of(item.get("else"), page) if item.get("else") else []
    real = [each for each in tests if not isinstance(each, Comment)]
    if not otherwise and real:
        return when(tests, then)
    fields: dict[str, Any] = {"branches": [_branch(tests, then, Map())]}
    return [{"choose": fields | ({"otherwise": otherwise} if otherwise else {})}]


def repeat(item: Map, page: Page, steps_of: Sequence) -> Steps:
    """`repeat`, of all four kinds."""
    tree = item["repeat"]
    if not isinstance(tree, Map):
        raise Unsupported("`repeat` must be a mapping")
    kind = next((key for key in _REPEATS if key in tree), None)
    if kind is None:
        raise Unsupported("it does not say how often")
    fields = {kind: _REPEATS[kind](tree[kind], page)}
    return [{"repeat": fields | {"steps": steps_of(tree.get("sequence"), page)}}]


def _tests(value: Any, page: Page) -> Any:
    tests = conditions(value, page)
    if not [each for each in tests if not isinstance(each, Comment)]:
        raise Unsupported("none of its conditions could be imported")
    return tests[0] if len(tests) == 1 else tests


_REPEATS: Mapping[str, Callable[[Any, Page], Any]] = {
    "count": lambda value, page: page.value(value), "while": _tests, "until": _tests,
    "for_each": lambda value, page: page.value(value),
}  # fmt: skip


def parallel(item: Map, page: Page, steps_of: Sequence) -> Steps:
    """`parallel`: each action or sequence is a branch."""
    branches = []
    for each in items(item["parallel"]):
        tree = each.get("sequence") if isinstance(each, Map) and "sequence" in each else each
        steps = steps_of(tree, page)
        branches.append(steps[0] if len(steps) == 1 and isinstance(steps[0], dict) else steps)
    return [{"parallel": [branch for branch in branches if branch]}]


def sequence(item: Map, page: Page, steps_of: Sequence) -> Steps:
    """`sequence`: its steps, in place."""
    return steps_of(item["sequence"], page)
