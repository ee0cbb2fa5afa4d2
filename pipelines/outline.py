"""The ways a pipeline can go, read from its document: for the coverage of its tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from pipelines.decode import fields_of
from pipelines.entry import STEP, TRIGGER, Entry, read_entry
from pipelines.tree import Map, Seq, place
from schemas.problem import Position, Problem

Key = tuple[Any, ...]
"""What a run has to show to have gone a way: `("block", "2", "otherwise")`."""


class Possible(Struct, frozen=True):
    """One way a pipeline can go, in words, and where it stands."""

    key: Key
    what: str
    at: Position


def ways(document: Map) -> Iterator[Possible]:
    """Every way of a pipeline, in the order they are written."""
    yield from _triggers(document)
    if document.get("conditions"):
        at = document.keys_at["conditions"]
        yield Possible(("conditions", True), "`conditions` hold", at)
        yield Possible(("conditions", False), "`conditions` do not hold", at)
    yield from _block(document.get("steps"), "", "", document.at)
    for section in ("errors", "finally"):
        if document.get(section):
            at = document.keys_at[section]
            yield Possible(("block", "", section), f"`{section}`", at)
            yield from _block(document[section], "", section, at)


def _triggers(document: Map) -> Iterator[Possible]:
    triggers = document.get("triggers")
    for index, tree in enumerate(triggers if isinstance(triggers, Seq) else ()):
        at = place(triggers, [index], document.at)
        entry = read_entry(tree, at, TRIGGER, _unheard)
        if entry is not None:
            name = str(entry.beside.get("id") or index)
            shown = f"trigger `{name}`" if entry.beside.get("id") else f"trigger {index + 1}"
            yield Possible(("trigger", name), f"{shown} ({entry.name})", at)


def _block(steps: Any, parent: str, branch: str, at: Position) -> Iterator[Possible]:
    for index, tree in enumerate(steps if isinstance(steps, Seq) else ()):
        entry = read_entry(tree, place(steps, [index], at), STEP, _unheard)
        if entry is None:
            continue
        spot = "/".join(filter(None, (parent, branch, str(index))))
        yield from _step(entry, str(entry.beside.get("id") or spot))


def _step(entry: Entry, path: str) -> Iterator[Possible]:
    name = f"{entry.name} `{path}`" if entry.beside.get("id") else entry.name
    beside, at = entry.beside, entry.at
    if beside.get("if") is not None:
        yield Possible(("if", path, True), f"{name}: its `if` holds", at)
        yield Possible(("if", path, False), f"{name}: its `if` does not hold", at)
    if more := _OWN.get(entry.name):
        yield from more(entry, path, name)
    if isinstance(beside.get("retry"), Map):
        yield Possible(("retry", path), f"{name}: it is tried again", at)
    if beside.get("on_error") == "continue":
        yield Possible(("failed", path), f"{name}: it fails", at)
    for branch, steps, what in _inner(entry):
        yield Possible(("block", path, branch), f"{name}: {what}", _first(steps, at))
        yield from _block(steps, path, branch, at)


def _inner(entry: Entry) -> Iterator[tuple[str, Seq, str]]:
    """The lists of steps in a step: the branch they are, their steps, and their words."""
    for key, field in fields_of(type(entry.component)).items():
        value = entry.fields.get(key)
        if field.mark == "steps" and isinstance(value, Seq):
            yield key, value, "a round" if entry.name == "repeat" else f"`{key}`"
        elif key == "branches" and isinstance(value, Seq):
            yield from _branches(value)
    if isinstance(on_error := entry.beside.get("on_error"), Seq):
        yield "on_error", on_error, "`on_error`"


def _branches(branches: Seq) -> Iterator[tuple[str, Seq, str]]:
    for index, branch in enumerate(branches):
        what = f"branch {index + 1}"
        if isinstance(branch, Map) and isinstance(branch.get("steps"), Seq):
            yield f"branches/{index}/steps", branch["steps"], what
        elif isinstance(branch, Seq):
            yield f"branches/{index}", branch, what
        else:
            alone = Seq(branches.values_at[index])
            alone.put(branch, branches.values_at[index])
            yield f"branches/{index}", alone, what


def _choose(entry: Entry, path: str, name: str) -> Iterator[Possible]:
    if not entry.fields.get("otherwise"):
        yield Possible(("block", path, "otherwise"), f"{name}: no branch", entry.at)


def _repeat(entry: Entry, path: str, name: str) -> Iterator[Possible]:
    number, items = entry.fields.get("count"), entry.fields.get("for_each")
    if isinstance(number, int) or isinstance(items, Seq):
        return
    if "until" not in entry.fields:
        yield Possible(("rounds", path, "none"), f"{name}: no round", entry.at)
    yield Possible(("rounds", path, "several"), f"{name}: several rounds", entry.at)


def _wait_for(entry: Entry, path: str, name: str) -> Iterator[Possible]:
    yield Possible(("wait", path, False), f"{name}: it happens", entry.at)
    if entry.fields.get("up_to") is not None:
        yield Possible(("wait", path, True), f"{name}: the time is up", entry.at)


_OWN: dict[str, Callable[[Entry, str, str], Iterator[Possible]]] = {
    "choose": _choose,
    "repeat": _repeat,
    "wait_for": _wait_for,
}


def _first(steps: Seq, otherwise: Position) -> Position:
    """Where the first of some steps stands."""
    return steps.values_at[0] if steps.values_at else otherwise


def _unheard(problem: Problem) -> None:
    """Problems are told by the compiler."""
