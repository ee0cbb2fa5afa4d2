"""One trigger, condition or step as written: its one component key and the common ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec import Struct

from pipelines.component import Component
from pipelines.decode import decode, fields_of
from pipelines.elsewhere import KEYS
from pipelines.tree import Map, suggest
from schemas.problem import Position, Problem

S = TypeVar("S", bound=Struct)
Report = Callable[[Problem], None]


class Entry(Struct, frozen=True):
    """A decoded component; `fields` is the tree its values came from, for their places."""

    name: str
    component: Component
    fields: Map
    beside: Map
    at: Position


def read_entry(
    value: Any, at: Position, kind: str, registry: Mapping[str, type[Component]],
    beside: type[Struct], report: Report,
) -> Entry | None:  # fmt: skip
    """The component an entry names, None with problems reported; `kind` is the user's word."""
    if isinstance(value, str):
        value = _bare(value, at)
    if not isinstance(value, Map):
        report(
            Problem(at, f"a {kind} must be a mapping or a name", f"for example `{_example(kind)}`")
        )
        return None
    name = _component_key(value, kind, registry, beside, report)
    if name is None:
        return None
    cls, key_at = registry[name], value.keys_at[name]
    fields = _fields(cls, value[name], value.values_at[name], name, report)
    rest = _rest(value, name, cls, beside, report)
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


def _example(kind: str) -> str:
    return {"step": "- delay: 5m", "trigger": "- mqtt: {topic: …}"}.get(kind, '- "{{ … }}"')


def _component_key(
    tree: Map, kind: str, registry: Mapping[str, type[Component]],
    beside: type[Struct], report: Report,
) -> str | None:  # fmt: skip
    names = [key for key in tree if key in registry]
    if len(names) == 1:
        return names[0]
    if names:
        first, second = names[:2]
        hint = f"make `{second}` a {kind} of its own"
        report(Problem(tree.keys_at[second], f"`{first}` and `{second}` in one {kind}", hint))
        return None
    strange = [key for key in tree if key not in fields_of(beside)]
    if not strange:
        text = f"this {kind} does nothing: it names no {kind}"
        report(Problem(tree.at, text, f"for example `{_example(kind)}`"))
        return None
    name = next((key for key in strange if key in KEYS[kind]), strange[0])
    hint = KEYS[kind].get(name) or suggest(name, registry)
    hint = hint or f"known: {', '.join(sorted(registry))}"
    report(Problem(tree.keys_at[name], f"unknown {kind} `{name}`", hint))
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


def _rest(tree: Map, name: str, cls: type[Component], beside: type[Struct], report: Report) -> Map:
    """The keys beside the component; those that do not belong there are told."""
    rest = Map(tree.at)
    for key, value in tree.items():
        if key == name:
            continue
        if key in fields_of(beside):
            rest.put(key, value, tree.keys_at[key], tree.values_at[key])
            continue
        indent = key in fields_of(cls)
        hint = f"indent it under `{name}:`" if indent else suggest(key, fields_of(beside))
        report(Problem(tree.keys_at[key], f"unknown key `{key}` beside `{name}`", hint))
    return rest
