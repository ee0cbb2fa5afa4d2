"""Actions: what an automation or script does, step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipelines.importers.home_assistant.blocks import (
    Sequence,
    Steps,
    choose,
    if_,
    parallel,
    repeat,
    sequence,
    when,
)
from pipelines.importers.home_assistant.calling import device, scene, service
from pipelines.importers.home_assistant.conditions import conditions
from pipelines.importers.home_assistant.page import Page, alias_of, placed
from pipelines.importers.home_assistant.unsupported import Unsupported
from pipelines.importers.home_assistant.values import is_template, truth
from pipelines.importers.home_assistant.variables import variables
from pipelines.importers.home_assistant.waiting import delay, wait_for_trigger, wait_template
from pipelines.importers.home_assistant.writing import Comment
from pipelines.tree import Map
from schemas.problem import Position

_CONDITION_KEYS = {"condition", "and", "or", "not"}


def actions(value: Any, page: Page, *, top: bool = False) -> Steps:
    """The steps of a sequence. A condition in it ends the sequence where it does not hold: the
    run when it is the outermost, else the steps after it stand in a choice."""
    listed = list(placed(value))
    steps: Steps = []
    for index, (item, at) in enumerate(listed):
        if _is_gate(item) and not top:
            return steps + _guarded(item, at, listed[index + 1 :], page)
        steps += page.one(item, at, lambda each, at: _step(each, at, page), "step")
    return steps


def _is_gate(item: Any) -> bool:
    if is_template(item):
        return True
    if not isinstance(item, Map) or not truth(item.get("enabled"), True):
        return False
    return bool(_CONDITION_KEYS & item.keys()) and not {"service", "action"} & item.keys()


def _guarded(item: Any, at: Position, rest: list[tuple[Any, Position]], page: Page) -> Steps:
    """The steps after a condition, in a choice."""
    test = conditions([item], page)
    inner: Steps = []
    for index, (each, place_) in enumerate(rest):
        if _is_gate(each):
            inner += _guarded(each, place_, rest[index + 1 :], page)
            break
        inner += page.one(each, place_, lambda each, at: _step(each, at, page), "step")
    return [*alias_of(item), *when(test, inner)]


def _step(item: Any, at: Position, page: Page) -> Steps:
    if is_template(item):
        return _gate(item, page)
    if not isinstance(item, Map):
        raise Unsupported("an action must be a mapping")
    if not truth(item.get("enabled"), True):
        return [Comment(f"disabled in Home Assistant: {_name(item)}")]
    convert = next((_ACTIONS[key] for key in _ACTIONS if key in item), None)
    if convert is None:
        raise Unsupported("there is no step like this")
    steps = convert(item, page)
    if truth(item.get("continue_on_error"), False):
        steps = [
            {**step, "on_error": "continue"} if isinstance(step, dict) else step for step in steps
        ]
    return [*alias_of(item), *steps]


def _name(item: Map) -> str:
    return str(item.get("alias") or next((k for k in item if k != "enabled"), "a step"))


def _gate(item: Any, page: Page) -> Steps:
    """A condition of the outermost sequence: the run ends where it does not hold."""
    found = conditions([item], page)
    tests = [each for each in found if not isinstance(each, Comment)]
    if not tests:
        return found
    inner = tests[0]
    test = inner["not"] if isinstance(inner, dict) and set(inner) == {"not"} else {"not": tests}
    reason = item.get("alias") if isinstance(item, Map) else None
    return [{"if": test, "stop": str(reason or "a condition does not hold")}]


def _variables(item: Map, page: Page) -> Steps:
    values = item["variables"]
    if not isinstance(values, Map):
        raise Unsupported("`variables` must be a mapping")
    made = variables(values, page)
    if all(isinstance(each, Comment) for each in made.values()):
        return list(made.values())
    return [{"set": made}]


def _stop(item: Map, page: Page) -> Steps:
    reason = page.value(item["stop"]) or ""
    if truth(item.get("error"), False):
        return [{"stop": {"reason": str(reason), "state": "failed"}}]
    return [{"stop": str(reason)}]


def _event(item: Map, page: Page) -> Steps:
    name = item["event"]
    if not isinstance(name, str) or name == "":
        raise Unsupported("no event is named")
    data: dict[str, Any] = {}
    for key in ("event_data", "event_data_template"):
        if isinstance(item.get(key), Mapping):
            data |= item[key]
    fields: dict[str, Any] = {"name": page.value(name)}
    if data:
        fields["payload"] = page.value(data)
    return [{"emit": fields if data else fields["name"]}]


def _response(item: Map, page: Page) -> Steps:
    raise Unsupported("nobody waits for an answer to what was said")


def _block(convert: Callable[[Map, Page, Sequence], Steps]) -> Callable[[Map, Page], Steps]:
    """An action that holds sequences."""
    return lambda item, page: convert(item, page, actions)


_ACTIONS: Mapping[str, Callable[[Map, Page], Steps]] = {
    "action": service, "service": service, "service_template": service,
    "delay": delay, "wait_template": wait_template, "wait_for_trigger": wait_for_trigger,
    "choose": _block(choose), "if": _block(if_), "repeat": _block(repeat),
    "parallel": _block(parallel), "stop": _stop, "event": _event, "scene": scene,
    "condition": _gate, "and": _gate, "or": _gate, "not": _gate,
    "device_id": device, "set_conversation_response": _response, "sequence": _block(sequence),
    "variables": _variables,
}  # fmt: skip
