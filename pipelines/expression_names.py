"""The names in an expression, checked before anything runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from jinja2 import nodes
from jinja2.environment import Environment
from jinja2.meta import find_undeclared_variables
from msgspec import Struct
from msgspec.structs import replace

from pipelines import elsewhere
from pipelines.tree import suggest

SCOPE_NAMES = ("trigger", "event", "inputs", "variables", "steps", "error", "run", "repeat")
_OWNERS = ("inputs", "variables", "steps")
_UNSUPPORTED = (
    nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Block,
)  # fmt: skip


class Known(Struct, frozen=True):
    """The names an expression may use at its place; None where they cannot be known.

    `later` are variables that exist but have no value yet at this place, with the reason.
    """

    inputs: frozenset[str] | None = None
    variables: frozenset[str] | None = None
    steps: frozenset[str] | None = None
    later: frozenset[str] = frozenset()
    reason: str = ""

    def with_variables(self, names: Iterable[str]) -> Known:
        """The same with more variables."""
        known = None if self.variables is None else self.variables.union(names)
        return replace(self, variables=known)


class Mistake(NamedTuple):
    """Something wrong in an expression, at an offset in its text."""

    offset: int
    text: str
    hint: str = ""


class Uses(NamedTuple):
    """The names an expression uses: bare ones, members of scope names, and what is wrong anyway."""

    names: tuple[str, ...]
    members: tuple[tuple[str, str], ...]
    wrong: tuple[Mistake, ...]


def uses_of(tree: nodes.Template, text: str, environment: Environment) -> Uses:
    """The names in a parsed template; unknown functions, filters and tests are wrong anywhere."""
    names = _free_names(tree) - set(SCOPE_NAMES) - set(environment.globals)
    members = tuple(each for each in _looked_up(tree) if each[0] in _OWNERS)
    return Uses(tuple(sorted(names)), members, tuple(_callables(tree, text, environment)))


def mistakes(uses: Uses, text: str, known: Known, functions: Iterable[str]) -> list[Mistake]:
    """The names that do not exist at a place."""
    if not uses.names and not uses.members:
        return []
    found = [*_members(uses.members, text, known)]
    for name in uses.names:
        found += _bare(name, text, known, functions)
    return found


def _free_names(tree: nodes.Template) -> set[str]:
    simple = all(isinstance(node, nodes.Output) for node in tree.body)
    if simple:
        return {node.name for node in tree.find_all(nodes.Name)}
    return find_undeclared_variables(tree)


def _bare(name: str, text: str, known: Known, functions: Iterable[str]) -> Iterator[Mistake]:
    if known.variables is None or name in known.variables:
        return
    at = _offset(text, name)
    if name in known.later:
        yield Mistake(at, f"`{name}` is not known here", known.reason)
    elif name in (known.inputs or ()):
        yield Mistake(at, f"unknown name `{name}`", f"write `inputs.{name}`")
    elif name in elsewhere.FUNCTIONS:
        yield Mistake(at, f"unknown name `{name}`", elsewhere.FUNCTIONS[name])
    else:
        every = (*SCOPE_NAMES, *known.variables, *functions)
        yield Mistake(at, f"unknown name `{name}`", suggest(name, every))


def _members(members: Iterable[tuple[str, str]], text: str, known: Known) -> Iterator[Mistake]:
    """Unknown `inputs.X`, `variables.X` and `steps.X`."""
    sets = {"inputs": known.inputs, "variables": known.variables, "steps": known.steps}
    for owner, member in members:
        names = sets[owner]
        if names is None or member in names or hasattr(dict, member):
            continue
        hint = suggest(member, names) or (
            f"known: {', '.join(sorted(names))}" if names else f"there are no {owner} here"
        )
        if owner == "variables" and member in known.later:
            hint = known.reason
        at = _offset(text, member, rf"(?<![\w.]){owner}\s*(?:\.|\[\s*['\"])\s*")
        yield Mistake(at, f"unknown name `{owner}.{member}`", hint)


def _looked_up(tree: nodes.Template) -> Iterator[tuple[str, str]]:
    for attribute in tree.find_all(nodes.Getattr):
        if isinstance(attribute.node, nodes.Name):
            yield attribute.node.name, attribute.attr
    for item in tree.find_all(nodes.Getitem):
        if isinstance(item.node, nodes.Name) and isinstance(item.arg, nodes.Const):
            yield item.node.name, str(item.arg.value)


def _callables(tree: nodes.Template, text: str, environment: Environment) -> Iterator[Mistake]:
    kinds: tuple[tuple[str, Mapping[str, Any], type[nodes.Filter | nodes.Test]], ...] = (
        ("filter", environment.filters, nodes.Filter),
        ("test", environment.tests, nodes.Test),
    )
    for kind, known, node_type in kinds:
        for node in tree.find_all(node_type):
            if node.name not in known:
                yield Mistake(
                    _offset(text, node.name),
                    f"unknown {kind} `{node.name}`",
                    _suggest_callable(node.name, known, environment),
                )
    if next(tree.find_all(_UNSUPPORTED), None) is not None:
        yield Mistake(0, "templates cannot include, import or extend others")


def _suggest_callable(name: str, known: Iterable[str], environment: Environment) -> str:
    if name in environment.globals:
        return f"`{name}` is a function: write `{name}(…)`"
    return suggest(name, (each for each in known if not each.startswith(" ")))


def _offset(text: str, word: str, before: str = r"(?<![\w.])") -> int:
    """Where a word first stands inside an expression of the text, after what comes before it."""
    start = min((text.find(mark) for mark in ("{{", "{%") if mark in text), default=0)
    found = re.compile(rf"{before}({re.escape(word)})(?!\w)").search(text, start)
    return found.start(1) if found else start
