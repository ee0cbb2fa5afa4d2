"""Variables of automations and steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from jinja2 import nodes

from pipelines.importers.home_assistant.page import Page, remembered_name
from pipelines.importers.home_assistant.unsupported import Unsupported
from pipelines.tree import Map


def variables(values: Map, page: Page) -> dict[str, Any]:
    """Variables in order, each seeing those before it; one that cannot be read is a comment."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        try:
            made = page.value(value)
        except Unsupported as error:
            note = page.leave_out({name: value}, values.values_at[name], "variable", str(error))
            found[f"#{name}"] = note
            continue
        found[variable(name, page)] = made
        if made is value and name in page.fixed:
            page.view.constants = {**page.view.constants, name: value}
    return found


def set_once(tree: Any) -> set[str]:
    """The variables that one place in an automation sets, and no other."""
    counts = Counter(_set_in(tree))
    return {name for name, count in counts.items() if count == 1}


def _set_in(tree: Any) -> Iterator[str]:
    if isinstance(tree, Map):
        for key in ("variables", "trigger_variables"):
            if isinstance(tree.get(key), Map):
                yield from tree[key]
    children = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    for child in children:
        yield from _set_in(child)


def variable(name: str, page: Page) -> str:
    """A variable's name as it may be here; known from now on."""
    ours = remembered_name(name)
    if ours in page.reserved:
        ours = f"{ours}_"
    page.names.add(ours)
    if ours != name:
        page.view.names = {**page.view.names, name: nodes.Name(ours, "load")}
    return ours
