"""A trace as a tree: steps under the step they lie in, by round and branch, with their effects."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from msgspec import Struct

from schemas.traces import EffectView, StepView, Trace

_LAST = ("on_error", "errors", "finally")


class Node(Struct):
    """A step (None: the run itself), what it did, and the steps in it by round and branch."""

    step: StepView | None
    effects: list[EffectView] = []
    inside: dict[tuple[int, str], list[Node]] = {}

    def groups(self) -> Iterator[tuple[str, list[Node]]]:
        """The steps in it that ran one after another, each list with its title."""
        for (number, branch), nodes in sorted(self.inside.items(), key=_order):
            yield self._title(number, branch), nodes

    def _title(self, number: int, branch: str) -> str:
        if branch in _LAST:
            return branch
        if number and self.step:
            items = self.step.inputs.get("for_each")
            return f"round {number}{f': {items[number - 1]}' if isinstance(items, list) else ''}"
        if self.step and self.step.kind == "parallel":
            return re.sub(r"branches/(\d+)", lambda found: f"branch {int(found[1]) + 1}", branch)
        return ""


def tree(trace: Trace) -> Node:
    """The run with its steps."""
    nodes = [Node(step) for step in trace.steps]
    places: defaultdict[tuple[str, tuple[int, ...]], list[Node]] = defaultdict(list)
    for node, step in zip(nodes, trace.steps, strict=True):
        places[step.path, tuple(step.rounds)].append(node)
    for effect in trace.effects:
        found = places.get((effect.step, tuple(effect.rounds))) or _callers(nodes, effect)
        if found:
            _doer(found, effect).effects.append(effect)
    run = Node(None)
    for node, step in zip(nodes, trace.steps, strict=True):
        rounds = tuple(step.rounds)
        same, around = places.get((step.parent, rounds)), places.get((step.parent, rounds[:-1]))
        parent = (same or around or [run])[-1]
        number = rounds[-1] if rounds and not same and around else 0
        parent.inside.setdefault((number, step.branch), []).append(node)
    return run


def _callers(nodes: list[Node], effect: EffectView) -> list[Node]:
    """The `run` steps whose sub-run did it: in a dry run that stands below their path."""
    calls = (n for n in nodes if n.step and n.step.kind == "run")
    return [n for n in calls if n.step and effect.step.startswith(f"{n.step.path}/")]


def _doer(nodes: list[Node], effect: EffectView) -> Node:
    """Which of several tries of one step did it."""
    within = (n for n in nodes if n.step and n.step.started <= effect.ts <= n.step.finished)
    return next(within, nodes[-1])


def _order(item: tuple[tuple[int, str], object]) -> tuple[bool, int, Iterable[int], str]:
    (number, branch), _ = item
    return branch in _LAST, number, [int(digits) for digits in re.findall(r"\d+", branch)], branch
