"""Service calls, scenes and device actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipelines.importers.home_assistant import device_types, templates
from pipelines.importers.home_assistant.page import Page, remembered_name
from pipelines.importers.home_assistant.services import table
from pipelines.importers.home_assistant.services.call import Call, call_of
from pipelines.importers.home_assistant.unsupported import Unsupported
from pipelines.importers.home_assistant.values import is_template
from pipelines.importers.home_assistant.variables import variable
from pipelines.importers.home_assistant.writing import Comment
from pipelines.tree import Map
from schemas.problem import Position

Steps = list[Any]


def service(item: Map, page: Page) -> Steps:
    """A service call, by its newer or older key."""
    name = next(
        (item[key] for key in ("action", "service", "service_template") if key in item), None
    )
    if not isinstance(name, str):
        raise Unsupported("no service is named")
    if item.get("response_variable") and not name.startswith("script."):
        raise Unsupported(f"`{name}` answers nothing here (`response_variable`)")
    steps = _templated(name, item, page) if is_template(name) else called(name, item, page)
    if item.get("response_variable"):
        steps = _answered(steps, str(item["response_variable"]), page)
    return steps


def _answered(steps: Steps, name: str, page: Page) -> Steps:
    """The outputs of a script's run under a name."""
    run = next((step for step in steps if isinstance(step, dict) and "run" in step), None)
    if run is None:
        raise Unsupported("it answers nothing here")
    step_id = page.step_id(remembered_name(name))
    ours = variable(name, page)
    numbered = [{"id": step_id, **step} if step is run else step for step in steps]
    return [*numbered, {"set": {ours: f"{{{{ steps.{step_id}.outputs }}}}"}}]


def called(name: str, item: Mapping[str, Any], page: Page) -> Steps:
    """The steps of one service call."""
    own = page.house.table.services.get(name)
    if own == "ignore":
        return [Comment(f"left out, as the table says: {name}")]
    if isinstance(own, Mapping):
        return [dict(own)]
    service = table.find(name)
    if service is None:
        raise Unsupported(table.reason(name))
    return service(call_of(name, item, page))


def _templated(name: str, item: Map, page: Page) -> Steps:
    """A service whose name is computed: a branch for each name that can come of it."""
    names = templates.outcomes(name, page.view.constants) or _switching(name)
    if names is None:
        raise Unsupported("which services can be called is not plain from the template")
    value = page.inner(name)
    branches = [
        {
            "if": f"{{{{ {value} == {templates.constant(each)} }}}}",
            "steps": page.one(item, item.at, _caller(each, page), "step"),
        }
        for each in dict.fromkeys(names)
        if each
    ]
    return [{"choose": {"branches": branches}}]


def _caller(name: str, page: Page) -> Callable[[Any, Position], Steps]:
    return lambda item, at: called(name, item, page)


def _switching(name: str) -> list[str] | None:
    """`light.turn_{{ … }}` can only be on or off."""
    start, mark, _ = name.partition("{{")
    if mark and start.strip().endswith(".turn_") and name.strip().endswith("}}"):
        return [f"{start.strip()}on", f"{start.strip()}off"]
    return None


def scene(item: Map, page: Page) -> Steps:
    """`scene`: a scene that is set."""
    return called("scene.turn_on", {"entity_id": item["scene"]}, page)


def device(item: Map, page: Page) -> Steps:
    """A device action: the service of its domain, by its type."""
    domain, kind = str(item.get("domain")), str(item.get("type") or "")
    if domain == "mobile_app" and kind == "notify":
        return _notify(item, page)
    verb = _VERBS.get((domain, kind), _VERBS.get(("", kind), kind))
    name = f"{domain}.{verb}"
    service = table.find(name)
    if service is None:
        raise Unsupported(table.reason(name))
    known = device_types.entity_of(item, page)
    data = {key: item[key] for key in item if key not in _DEVICE_KEYS}
    data = {_RENAMED.get((domain, kind, key), key): value for key, value in data.items()}
    return list(service(Call(domain, verb, data, [known], (), page)))


def _notify(item: Map, page: Page) -> Steps:
    device = device_types.device_name(item, page)
    data = {key: item[key] for key in ("title", "message", "data") if key in item}
    return called(f"notify.{device}", {"data": data}, page)


_DEVICE_KEYS = frozenset(
    {"device_id", "domain", "type", "entity_id", "alias", "enabled", "metadata", "subtype"}
)


_VERBS = {
    ("cover", "open"): "open_cover", ("cover", "close"): "close_cover",
    ("cover", "stop"): "stop_cover", ("cover", "set_position"): "set_cover_position",
    ("cover", "set_tilt_position"): "set_cover_tilt_position", ("vacuum", "clean"): "start",
    ("vacuum", "dock"): "return_to_base", ("light", "brightness_increase"): "turn_on",
    ("light", "brightness_decrease"): "turn_on", ("light", "flash"): "turn_on",
    ("alarm_control_panel", "arm_home"): "alarm_arm_home",
    ("alarm_control_panel", "arm_away"): "alarm_arm_away",
    ("alarm_control_panel", "arm_night"): "alarm_arm_night",
    ("alarm_control_panel", "disarm"): "alarm_disarm",
    ("alarm_control_panel", "trigger"): "alarm_trigger", ("number", "set_value"): "set_value",
}  # fmt: skip


_RENAMED = {
    ("cover", "set_position", "position"): "position",
    ("cover", "set_tilt_position", "position"): "tilt_position",
}  # fmt: skip
