"""One trigger, condition or step as written: its one component key and the common ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from msgspec import Struct

from pipelines.component import Component
from pipelines.decode import decode, fields_of
from pipelines.elsewhere import KEYS
from pipelines.registry import CONDITIONS, STEPS, TRIGGERS
from pipelines.tree import Map, suggest
from schemas.pipeline import BesideCondition, BesideStep, BesideTrigger, BesideWait
from schemas.problem import Position, Problem

S = TypeVar("S", bound=Struct)
Report = Callable[[Problem], None]


class Kind(NamedTuple):
    """What an entry is, in the user's word: the components it may name, the keys beside them."""

    word: str
    registry: Mapping[str, type[Component]]
    beside: type[Struct]
    example: str


TRIGGER = Kind("trigger", TRIGGERS, BesideTrigger, "- mqtt: {topic: …}")
WAIT = Kind("trigger", TRIGGERS, BesideWait, "- mqtt: {topic: …}")
CONDITION = Kind("condition", CONDITIONS, BesideCondition, '- "{{ … }}"')
STEP = Kind("step", STEPS, BesideStep, "- delay: 5m")


class Entry(Struct, frozen=True):
    """A decoded component; `fields` is the tree its values came from, for their places."""

    name: str
    component: Component
    fields: Map
    beside: Map
    at: Position


def read_entry(value: Any, at: Position, kind: Kind, report: Report) -> Entry | None:
    """The component an entry names, None with problems reported."""
    if isinstance(value, str):
        value = _bare(value, at)
    if not isinstance(value, Map):
        text = f"a {kind.word} must be a mapping or a name"
        report(Problem(at, text, f"for example `{kind.example}`"))
        return None
    name = _component_key(value, kind, report)
    if name is None:
        return None
    cls, key_at = kind.registry[name], value.keys_at[name]
    fields = _fields(cls, value[name], value.values_at[name], name, report)
    rest = _rest(value, name, kind, report)
    if fields is None:
        return None
    component, problems = decode(fields, cls, key_at, name)
    for problem in problems:
        report(problem)
    return Entry(name, component, fields, rest, key_at) if component is not None else None


def read_beside(entry_beside: Map, struct: type[S], name: str, report: Report) -> S | None:
    """The common keys of an entry."""
    beside, problems = decode(entry_beside, struct, entry_beside.at, name)
    for problem in problems:
        report(problem)
    return beside


def _bare(name: str, at: Position) -> Map:
    tree = Map(at)
    tree.put(name, None, at, at)
    return tree


def _component_key(tree: Map, kind: Kind, report: Report) -> str | None:
    names = [key for key in tree if key in kind.registry]
    if len(names) == 1:
        return names[0]
    if names:
        first, second = names[:2]
        hint = f"make `{second}` a {kind.word} of its own"
        report(Problem(tree.keys_at[second], f"`{first}` and `{second}` in one {kind.word}", hint))
        return None
    strange = [key for key in tree if key not in fields_of(kind.beside)]
    if not strange:
        text = f"this {kind.word} does nothing: it names no {kind.word}"
        report(Problem(tree.at, text, f"for example `{kind.example}`"))
        return None
    elsewhere = KEYS[kind.word]
    name = next((key for key in strange if key in elsewhere), strange[0])
    hint = elsewhere.get(name) or suggest(name, kind.registry)
    hint = hint or f"known: {', '.join(sorted(kind.registry))}"
    report(Problem(tree.keys_at[name], f"unknown {kind.word} `{name}`", hint))
    return None


def _fields(
    cls: type[Component], value: Any, at: Position, name: str, report: Report
) -> Map | None:
    """The component's fields as a mapping, a bare value under its main field."""
    if isinstance(value, Map) and not cls.whole:
        return value
    fields = Map(at)
    if value is None and not cls.whole:
        return fields
    if cls.main:
        fields.put(cls.main, value, at, at)
        return fields
    keys = ", ".join(fields_of(cls))
    report(Problem(at, f"`{name}` takes a mapping", f"with the keys {keys}" if keys else ""))
    return None


def _rest(tree: Map, name: str, kind: Kind, report: Report) -> Map:
    """The keys beside the component; those that do not belong there are told."""
    rest, known = Map(tree.at), fields_of(kind.beside)
    for key, value in tree.items():
        if key == name:
            continue
        if key in known:
            rest.put(key, value, tree.keys_at[key], tree.values_at[key])
            continue
        inner = key in fields_of(kind.registry[name])
        hint = f"indent it under `{name}:`" if inner else suggest(key, known)
        report(Problem(tree.keys_at[key], f"unknown key `{key}` beside `{name}`", hint))
    return rest
