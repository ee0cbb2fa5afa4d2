"""Conditions: in front of an automation, in choices, and between steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipelines.importers.home_assistant import device_types, templates
from pipelines.importers.home_assistant.page import Page
from pipelines.importers.home_assistant.state_conditions import (
    measured,
    numeric_state,
    of_entities,
    state,
)
from pipelines.importers.home_assistant.time_conditions import sun, time
from pipelines.importers.home_assistant.unsupported import Unsupported
from pipelines.importers.home_assistant.values import is_template, items, truth
from pipelines.importers.home_assistant.writing import Comment
from pipelines.tree import Map
from schemas.problem import Position


def conditions(value: Any, page: Page) -> list[Any]:
    """A list of conditions; what has no equivalent is a comment, and makes the page unsafe."""
    before = len(page.gaps)
    found = page.each(value, lambda item, at: condition(item, at, page), "condition")
    page.unsafe = page.unsafe or len(page.gaps) > before
    return found


def condition(tree: Any, at: Position, page: Page) -> list[Any]:
    """What stands for one condition."""
    if isinstance(tree, bool):
        return ["{{ true }}" if tree else "{{ false }}"]
    if isinstance(tree, str):
        return [_expression(tree, page)]
    if not isinstance(tree, Map):
        raise Unsupported("a condition must be a mapping or a template")
    if not truth(tree.get("enabled"), True):
        return [Comment(f"disabled in Home Assistant: {tree.get('condition')}")]
    for short in _LOGIC:
        if short in tree and "condition" not in tree:
            return [_LOGIC[short](tree[short], page)]
    kind: Any = tree.get("condition")
    if isinstance(kind, list) or is_template(kind):
        return conditions(kind, page)
    convert = _CONDITIONS.get(str(kind))
    if convert is None:
        raise Unsupported(f"there is no condition like `{kind}`")
    return [convert(tree, page)]


def _expression(text: str, page: Page) -> str:
    if not is_template(text):
        raise Unsupported(f"`{text}` is no template")
    return page.text(text)


def _logic(name: str) -> Callable[[Any, Page], dict[str, Any]]:
    def logic(values: Any, page: Page) -> dict[str, Any]:
        found = conditions(values, page)
        if not [each for each in found if not isinstance(each, Comment)]:
            raise Unsupported("none of its conditions could be imported")
        return {name: found}

    return logic


_LOGIC = {"and": _logic("all"), "or": _logic("any"), "not": _logic("not")}


def _template(tree: Map, page: Page) -> str:
    return _expression(str(tree.get("value_template", "")), page)


def _trigger(tree: Map, page: Page) -> str:
    names = [str(each) for each in items(tree.get("id"))]
    if not names:
        raise Unsupported("no trigger is named")
    return f"{{{{ trigger.id {_among(names)} }}}}"


def _among(names: list[str]) -> str:
    if len(names) == 1:
        return f"== {templates.constant(names[0])}"
    return f"in {templates.constant(names)}"


def _zone(tree: Map, page: Page) -> Any:
    zones = [str(each).partition(".")[2] for each in items(tree.get("zone"))]
    return of_entities(page.entities(tree.get("entity_id")), {"state": zones}, page)


def _device(tree: Map, page: Page) -> Any:
    known = device_types.entity_of(tree, page)
    if device_types.is_measured(tree):
        return measured([known], tree, page)
    fields = {"for": tree["for"]} if "for" in tree else {}
    return of_entities([known], {"state": device_types.state_of(tree), **fields}, page)


def _nested(logic: Callable[[Any, Page], Any]) -> Callable[[Map, Page], Any]:
    return lambda tree, page: logic(tree.get("conditions"), page)


_CONDITIONS: Mapping[str, Callable[[Map, Page], Any]] = {
    "state": state, "numeric_state": numeric_state, "time": time, "sun": sun,
    "template": _template, "trigger": _trigger, "zone": _zone, "device": _device,
    **{name: _nested(logic) for name, logic in _LOGIC.items()},
}  # fmt: skip
