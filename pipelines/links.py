"""Pipelines that name one another: whether there are such, whether their inputs fit, circles."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from pipelines.expression import is_expression
from pipelines.inputs import Inputs, read
from pipelines.plan import Link, Plan
from pipelines.secrecy import secrets_in
from pipelines.tree import Map, Secret, suggest
from schemas.problem import Problem

DEEPEST = 16
"""So many runs may have led to a run, each started by the one before."""


class Linked(NamedTuple):
    """Plans whose links hold, the problems of all, and the files of those left out."""

    plans: Sequence[Plan]
    problems: Sequence[Problem]
    bad: frozenset[str]


def link(plans: Sequence[Plan], others: Collection[str]) -> Linked:
    """Look at all plans together; `others` are ids of pipelines there are beside them.

    A secret handed to another pipeline as an input is a secret there too.
    """
    known = {plan.id: plan for plan in plans}
    found = {
        plan.id: [problem for each in plan.links for problem in _problems(each, known, others)]
        for plan in plans
    }
    wrong = {name for name, told in found.items() if any(p.severity == "error" for p in told)}
    right = [plan for plan in plans if plan.id not in wrong]
    problems = [*(problem for told in found.values() for problem in told), *_circles(right)]
    bad = frozenset(plan.file for plan in plans if plan.id in wrong)
    return Linked(_sharing_secrets(right), problems, bad)


def _problems(link: Link, known: Mapping[str, Plan], others: Collection[str]) -> Iterator[Problem]:
    if link.pipeline in known:
        if link.given is not None:
            yield from _wrong_inputs(link, link.given, known[link.pipeline])
    elif link.pipeline not in others:
        hint = suggest(link.pipeline, [*known, *others])
        yield Problem(link.at, f"there is no pipeline `{link.pipeline}` yet", hint, "warning")


def _wrong_inputs(link: Link, given: Map, target: Plan) -> Iterator[Problem]:
    if not isinstance(target.inputs, Inputs):
        return
    specs = target.inputs.specs
    for name in target.inputs.needed:
        if given.get(name) is None:
            yield Problem(link.at, f"`{target.id}` needs the input `{name}`")
    for name, value in given.items():
        if name not in specs:
            hint = suggest(name, specs) or (f"it has: {', '.join(specs)}" if specs else "")
            yield Problem(given.keys_at[name], f"`{target.id}` has no input `{name}`", hint)
        elif not _varies(value):
            try:
                read(specs[name], value)
            except ValueError as error:
                yield Problem(given.values_at[name], f"`{name}` {error}")


def _varies(value: object) -> bool:
    return isinstance(value, str) and not isinstance(value, Secret) and is_expression(value)


def _circles(plans: Sequence[Plan]) -> Iterator[Problem]:
    """Pipelines that start themselves, directly or through others."""
    starts: dict[str, list[tuple[str, Link]]] = {plan.id: [] for plan in plans}
    for plan in plans:
        for each in plan.links:
            ends = (plan.id, each.pipeline)
            before, after = ends if each.given is not None else ends[::-1]
            starts.setdefault(before, []).append((after, each))
    for before, links in starts.items():
        for after, each in links:
            if way := _way(after, before, starts):
                shown = " → ".join([before, *way])
                text = f"a circle: {shown}; it is stopped after {DEEPEST} runs"
                yield Problem(each.at, text, "", "warning")


def _way(start: str, end: str, starts: Mapping[str, Sequence[tuple[str, Link]]]) -> list[str]:
    """The shortest way from one pipeline to another; empty when there is none."""
    came: dict[str, str] = {start: ""}
    ahead = deque([start])
    while ahead and end not in came:
        here = ahead.popleft()
        for there, _ in starts.get(here, ()):
            if there not in came:
                came[there] = here
                ahead.append(there)
    way = [end] if end in came else []
    while way and way[0] != start:
        way.insert(0, came[way[0]])
    return way


def _sharing_secrets(plans: Sequence[Plan]) -> Sequence[Plan]:
    handed = {
        secret
        for plan in plans
        for each in plan.links
        for secret in secrets_in(each.given or Map())
    }
    if not handed:
        return plans
    return [msgspec.structs.replace(plan, secrets=plan.secrets | handed) for plan in plans]
