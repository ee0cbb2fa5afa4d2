"""Variables of automations and steps."""

from __future__ import annotations

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
        if made is value:
            page.view.constants = {**page.view.constants, name: value}
    return found


def variable(name: str, page: Page) -> str:
    """A variable's name as it may be here; known from now on."""
    ours = remembered_name(name)
    if ours in page.reserved:
        ours = f"{ours}_"
    page.names.add(ours)
    if ours != name:
        page.view.names = {**page.view.names, name: nodes.Name(ours, "load")}
    return ours
