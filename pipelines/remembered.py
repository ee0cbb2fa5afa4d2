"""The keys a pipeline remembers, as far as its text tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipelines.expression import is_expression
from pipelines.tree import Map, Seq


def remembered(tree: Any) -> Iterator[str]:
    """The keys of `remember` steps and saved scenes, however deep; not those that expressions
    make."""
    for child in tree.values() if isinstance(tree, Map) else tree if isinstance(tree, Seq) else ():
        if isinstance(child, Map) and isinstance(tree, Seq):
            yield from (key for key in _keys(child) if not is_expression(key))
        yield from remembered(child)


def _keys(step: Map) -> Iterator[str]:
    values, scene = step.get("remember"), step.get("scene")
    if isinstance(values, Map):
        yield from values
    if isinstance(scene, Map) and isinstance(scene.get("save"), str):
        yield f"scene/{scene['save']}"
