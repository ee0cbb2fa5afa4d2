"""Actions that wait: for a time, a trigger, or until a template is true."""

from __future__ import annotations

from typing import Any

from jinja2 import nodes

from pipelines.importers.home_assistant.page import Page, placed
from pipelines.importers.home_assistant.trigger_names import Origin
from pipelines.importers.home_assistant.triggers import told, trigger
from pipelines.importers.home_assistant.unsupported import Unsupported
from pipelines.importers.home_assistant.values import truth
from pipelines.importers.home_assistant.writing import Comment
from pipelines.tree import Map

Steps = list[Any]


def delay(item: Map, page: Page) -> Steps:
    """`delay`: wait for a time."""
    return [{"delay": page.duration(item["delay"])}]


def wait_template(item: Map, page: Page) -> Steps:
    """Wait until an expression is true; one that is true already is not waited for."""
    value = page.text(str(item["wait_template"]))
    wait_id = _waiting(page, [])
    wait = {"wait_for": _wait_fields([{"template": value}], item, page)}
    return [{"id": wait_id, "if": {"not": value}, **wait}, *_given_up(wait_id, item)]


def wait_for_trigger(item: Map, page: Page) -> Steps:
    """Wait until one of several triggers fires."""
    watched = list(placed(item["wait_for_trigger"]))
    known = [told(each, index, page) for index, (each, _) in enumerate(watched)]
    trees = [each for each, _ in watched]
    found = page.each(trees, lambda each, at: trigger(each, at, page), "trigger")
    real = [each for each in found if not isinstance(each, Comment)]
    if not real:
        raise Unsupported("none of the triggers it waits for could be imported")
    if any(isinstance(each, dict) and "if" in each for each in real):
        raise Unsupported("what is waited for cannot be narrowed by a condition here")
    wait_id = _waiting(page, known)
    numbered = _numbered(found, trees, page)
    return [
        {"id": wait_id, "wait_for": _wait_fields(numbered, item, page)},
        *_given_up(wait_id, item),
    ]


def _numbered(found: list[Any], trees: list[Any], page: Page) -> list[Any]:
    """The triggers with the ids they have there."""
    ids = [tree.get("id") for tree in trees if isinstance(tree, Map)]
    if len(ids) != len(found) or not any(ids):
        return found
    return [
        {"id": str(name), **each} if name is not None and isinstance(each, dict) else each
        for name, each in zip(ids, found, strict=True)
    ]


def _waiting(page: Page, known: list[Any]) -> str:
    """The id of a new wait, which `wait` means from now on."""
    wait_id = page.step_id("wait")
    step = nodes.Getattr(nodes.Name("steps", "load"), wait_id, "load")
    page.view.wait = Origin(nodes.Getattr(step, "trigger", "load"), tuple(known))
    return wait_id


def _wait_fields(triggers: list[Any], item: Map, page: Page) -> dict[str, Any]:
    fields: dict[str, Any] = {"triggers": triggers}
    if item.get("timeout") is not None:
        fields["up_to"] = page.duration(item["timeout"])
    return fields


def _given_up(wait_id: str, item: Map) -> Steps:
    if item.get("timeout") is None or truth(item.get("continue_on_timeout"), True):
        return []
    late = f"{{{{ steps.{wait_id}.timed_out | default(false) }}}}"
    return [{"if": late, "stop": "nothing happened in time"}]
