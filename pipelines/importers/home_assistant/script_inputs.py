"""The inputs of scripts: declared fields, names their templates use, what callers give them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jinja2 import TemplateSyntaxError, nodes
from jinja2.meta import find_undeclared_variables

from pipelines.importers.home_assistant.contents import Contents
from pipelines.importers.home_assistant.page import remembered_name
from pipelines.importers.home_assistant.templates import JINJA, RESERVED
from pipelines.importers.home_assistant.values import is_template, listed
from pipelines.tree import Map

_THEIRS = {
    "states", "is_state", "state_attr", "is_state_attr", "has_value", "this", "context", "wait",
    "expand", "area_name", "area_id", "area_devices", "area_entities", "device_id", "device_attr",
    "device_entities", "distance", "closest", "relative_time", "time_since", "label_entities",
    "caller", "loop", "value_json", "value", "state",
}  # fmt: skip
_TYPES = {"number": "number", "boolean": "boolean"}


def inputs_of(tree: Map, given: set[str]) -> dict[str, dict[str, Any]]:
    """The inputs of a script by name; `given` are those that its callers give it."""
    fields = tree.get("fields")
    declared = dict(fields) if isinstance(fields, Map) else {}
    names = [*declared, *sorted((_used(tree) | given) - declared.keys())]
    return {remembered_name(name): _spec(declared.get(name)) for name in names}


def by_name(tree: Map, given: set[str]) -> dict[str, nodes.Expr]:
    """How the script's templates name its inputs here."""
    fields = tree.get("fields")
    names = {*(fields if isinstance(fields, Map) else ()), *_used(tree), *given}
    inputs = nodes.Name("inputs", "load")
    return {name: nodes.Getattr(inputs, remembered_name(name), "load") for name in names}


def _spec(field: Any) -> dict[str, Any]:
    about: Mapping[str, Any] = field if isinstance(field, Map) else {}
    selector = about.get("selector")
    kind = next((k for k in _TYPES if isinstance(selector, Map) and k in selector), None)
    spec: dict[str, Any] = {"type": _TYPES[kind] if kind else "any"}
    if about.get("default") is not None and not is_template(about["default"]):
        spec["default"] = about["default"]
    if isinstance(about.get("description"), str):
        spec["description"] = about["description"].strip()
    return spec


def _used(tree: Map) -> set[str]:
    """The names that a script's templates use and nothing in it sets."""
    used: set[str] = set()
    for text in _texts(tree.get("sequence")):
        try:
            used |= find_undeclared_variables(JINJA.parse(text))
        except (TemplateSyntaxError, RecursionError):
            continue
    return used - {*_set(tree)} - RESERVED - _THEIRS


def _children(tree: Any) -> Iterable[Any]:
    if isinstance(tree, dict):
        return tree.values()
    return tree if isinstance(tree, list) else ()


def _texts(tree: Any) -> Iterator[str]:
    if isinstance(tree, str) and is_template(tree):
        yield tree
    for child in (
        tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    ):
        yield from _texts(child)


def _set(tree: Any) -> Iterator[str]:
    """The variables that a script sets itself."""
    if isinstance(tree, Map):
        if isinstance(tree.get("variables"), Map):
            yield from tree["variables"]
        if isinstance(tree.get("response_variable"), str):
            yield tree["response_variable"]
    for child in (
        tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    ):
        yield from _set(child)


def given_to(contents: Contents) -> dict[str, set[str]]:
    """What callers give each script, by the script's name."""
    given: dict[str, set[str]] = {}
    for part in (*contents.automations, *contents.scripts):
        for name, keys in _calls(part.tree):
            given.setdefault(name, set()).update(keys)
    return given


def _calls(tree: Any) -> Iterator[tuple[str, set[str]]]:
    if isinstance(tree, Map):
        yield from _call(tree)
    for child in (
        tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    ):
        yield from _calls(child)


def _call(tree: Map) -> Iterator[tuple[str, set[str]]]:
    name = tree.get("action", tree.get("service"))
    if not isinstance(name, str) or not name.startswith("script."):
        return
    data = [tree[key] for key in ("data", "data_template") if isinstance(tree.get(key), Map)]
    if name != "script.turn_on":
        yield name.removeprefix("script."), {k for each in data for k in each if k != "entity_id"}
        return
    target = tree.get("target")
    places = [tree, *data, *([target] if isinstance(target, Map) else [])]
    keys = {
        key for each in data if isinstance(each.get("variables"), Map) for key in each["variables"]
    }
    for place in places:
        for entity in listed(place.get("entity_id")):
            yield str(entity).removeprefix("script."), keys
