"""Automations made of blueprints, unfolded: the blueprint with its inputs put in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipelines.importers.home_assistant.contents import Part
from pipelines.importers.home_assistant.files import Tagged, reader_of
from pipelines.importers.home_assistant.unsupported import Unsupported
from pipelines.tree import Map, Seq

_FOLDERS = ("blueprints/automation", "blueprints/script", "blueprints")


def unfolded(part: Part, roots: Iterable[Path]) -> Part:
    """The part itself, or what its blueprint makes of it.

    Raises:
        Unsupported: the blueprint is not there, or cannot be read.
    """
    use = part.tree.get("use_blueprint")
    if not isinstance(use, Map):
        return part
    path = str(use.get("path"))
    tree = _blueprint(path, roots)
    given = use.get("input")
    inputs = {**_defaults(tree), **(given if isinstance(given, Map) else {})}
    made = Map(part.tree.at)
    for source in (_filled(tree, inputs), part.tree):
        for key, value in source.items():
            if key not in ("blueprint", "use_blueprint"):
                made.put(key, value, source.keys_at[key], source.values_at[key])
    return Part(part.name, made)


def _blueprint(path: str, roots: Iterable[Path]) -> Map:
    for root in roots:
        for folder in _FOLDERS:
            file = root / folder / path
            if file.is_file():
                tree = reader_of(file).load(file)
                if isinstance(tree, Map):
                    return tree
    raise Unsupported(f"its blueprint `{path}` is not among the files")


def _defaults(tree: Map) -> dict[str, Any]:
    blueprint = tree.get("blueprint")
    inputs = blueprint.get("input") if isinstance(blueprint, Map) else None
    return dict(_defaults_of(inputs)) if isinstance(inputs, Map) else {}


def _defaults_of(inputs: Map) -> Iterable[tuple[str, Any]]:
    for name, spec in inputs.items():
        if isinstance(spec, Map) and isinstance(spec.get("input"), Map):  # a section of inputs
            yield from _defaults_of(spec["input"])
        elif isinstance(spec, Map) and "default" in spec:
            yield name, spec["default"]


def _filled(value: Any, inputs: Mapping[str, Any]) -> Any:
    """The tree with `!input NAME` replaced."""
    if isinstance(value, Map):
        made = Map(value.at)
        for key, each in value.items():
            made.put(key, _filled(each, inputs), value.keys_at[key], value.values_at[key])
        return made
    if isinstance(value, Seq):
        items = Seq(value.at)
        for each, at in zip(value, value.values_at, strict=True):
            items.put(_filled(each, inputs), at)
        return items
    if isinstance(value, Tagged) and value.startswith("!input "):
        name = value.removeprefix("!input ").strip()
        if name not in inputs:
            raise Unsupported(f"the blueprint's input `{name}` has no value")
        return inputs[name]
    return value
