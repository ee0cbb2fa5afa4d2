"""Services that set something: steps for devices, remembered values for helpers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipelines.importers.home_assistant import templates
from pipelines.importers.home_assistant.entities import Known, Target
from pipelines.importers.home_assistant.guesses import REMEMBERED
from pipelines.importers.home_assistant.page import Page
from pipelines.importers.home_assistant.services.call import Call, Service, Steps, expanded
from pipelines.importers.home_assistant.unsupported import Unsupported
from pipelines.importers.home_assistant.values import is_template

Values = Callable[[Call], Mapping[str, Any]]
"""What else is set, by property."""


def state(word: str, values: Values | None = None) -> Service:
    """Set the state of entities, and more."""

    def service(call: Call) -> Steps:
        more = dict(values(call)) if values else {}
        beside = {key: more.pop(key) for key in ("transition",) if key in more}
        return tell(call, lambda known: {_state_of(known): known.value(word), **more}, **beside)

    return service


def properties(values: Values) -> Service:
    """Set properties of entities."""
    return lambda call: tell(call, lambda known: values(call))


def own(key: str) -> Service:
    """Set the property that an entity is to a value of the data."""

    def service(call: Call) -> Steps:
        if key not in call.data:
            raise Unsupported(f"`{key}` is missing")
        value = call.value(key)
        return tell(call, lambda known: {_state_of(known): value})

    return service


def verb(word: str, remembered: Any = None) -> Service:
    """Let devices do something; entities that are remembered take a value."""

    def service(call: Call) -> Steps:
        steps = remember(call, lambda known: remembered)
        if steps and remembered is None:
            raise Unsupported(f"a remembered value cannot `{word}`")
        return steps + _steps(call, lambda known: (_instance(known), ("do", word)))

    return service


def toggle(call: Call) -> Steps:
    """The other state."""
    steps = remember(call, lambda known: f"{{{{ not {remembered(known, call.page)} }}}}")
    return steps + _steps(call, lambda known: (_instance(known), ("do", "toggle")))


def tell(call: Call, values: Callable[[Known], Mapping[str, Any]], **beside: Any) -> Steps:
    """Set values: `device` steps for devices that are set alike, `remember` for the others."""
    steps = remember(call, lambda known: next(iter(values(known).values()), None))
    return steps + _steps(
        call, lambda known: (_instance(known), ("set", dict(values(known)))), **beside
    )


def remember(call: Call, value: Callable[[Known], Any]) -> Steps:
    """Remember a value for each entity that is one."""
    kept = {
        str(known.target.memory): value(known)
        for known in [*expanded(call.entities, call.page), *_computed(call)]
        if known.target.memory is not None
    }
    return [{"remember": kept}] if kept else []


def remembered(known: Known, page: Page, *default: Any) -> str:
    """The look-up of a remembered value, inside an expression."""
    key = str(known.target.memory)
    inside = page.ours(key) if is_template(key) else templates.constant(key)
    return f"memory({', '.join([inside, *map(templates.constant, default)])})"


def _computed(call: Call) -> list[Known]:
    """Helpers whose names are computed: the expression gives the key."""
    if call.domain not in REMEMBERED:
        return []
    return [
        Known(f"{call.domain}.", Target(memory=selector))
        for selector in call.selectors
        if isinstance(selector, str)
    ]


def _state_of(known: Known) -> str:
    return known.target.property or "state"


def _instance(known: Known) -> str | int | None:
    return known.target.instance


_Told = tuple[str | int | None, tuple[str, Any]]


def _steps(call: Call, told: Callable[[Known], _Told], **beside: Any) -> Steps:
    """One step for all devices that are told the same, one for each other selector."""
    groups: list[tuple[_Told, list[str]]] = []
    for known in expanded(call.entities, call.page):
        if known.target.memory is not None:
            continue
        if not known.target.is_device():
            raise Unsupported(f"`{known.id}` cannot be told `{call.name}`")
        what = told(known)
        same = next((names for each, names in groups if each == what), None)
        if same is None:
            groups.append((what, [str(known.target.device)]))
        else:
            same.append(str(known.target.device))
    steps = [_step(names, what, beside) for what, names in groups]
    stranger = Known(f"{call.domain}.", Target(device="", property="state"))
    for selector in () if call.domain in REMEMBERED else call.selectors:
        step = _step(selector, told(stranger), beside)
        if isinstance(selector, dict):  # an area holds others that cannot be told this
            step["on_error"] = "continue"
        steps.append(step)
    return steps


def _step(selector: Any, told: _Told, beside: Mapping[str, Any]) -> dict[str, Any]:
    instance, (key, value) = told
    one = isinstance(selector, list) and len(selector) == 1
    fields: dict[str, Any] = {"device": selector[0] if one else selector}
    if instance is not None:
        fields["instance"] = instance
    return {"device": fields | {key: value} | dict(beside)}
