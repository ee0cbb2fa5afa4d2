"""Services of helpers, timers, alarms and automations: remembered values and events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipelines.importers.home_assistant import templates
from pipelines.importers.home_assistant.entities import Known
from pipelines.importers.home_assistant.services.call import Call, Service, Steps
from pipelines.importers.home_assistant.services.telling import (
    own,
    remember,
    remembered,
    state,
    toggle,
)
from pipelines.importers.home_assistant.unsupported import Unsupported
from pipelines.importers.home_assistant.values import is_template, plain_number
from pipelines.tree import Map

_ALARM = {
    "alarm_disarm": "disarmed", "alarm_arm_home": "armed_home", "alarm_arm_away": "armed_away",
    "alarm_arm_night": "armed_night", "alarm_arm_vacation": "armed_vacation",
    "alarm_arm_custom_bypass": "armed_custom_bypass", "alarm_trigger": "triggered",
}  # fmt: skip


def _changed(sign: str, key: str, default: float = 1) -> Service:
    """A number that is counted up or down."""

    def service(call: Call) -> Steps:
        amount = call.page.inner(plain_number(call.data.get(key, default)))
        return _each(
            call, lambda known: f"{{{{ {remembered(known, call.page, 0)} {sign} {amount} }}}}"
        )

    return service


def _each(call: Call, value: Callable[[Known], Any]) -> Steps:
    """A remembered value for each entity; those that are devices cannot take part."""
    if any(known.target.memory is None for known in call.entities):
        raise Unsupported(f"`{call.name}` of something that is no remembered value")
    steps = remember(call, value)
    if not steps:
        raise Unsupported("no entity is named")
    return steps


def _moment(call: Call) -> Steps:
    """`input_datetime.set_datetime`: the date, the time, or both, as text."""
    for key in ("datetime", "time", "date", "timestamp"):
        if key in call.data:
            return _each(call, _always(_moment_of(call, key)))
    raise Unsupported("no date and no time is given")


def _always(value: Any) -> Callable[[Known], Any]:
    return lambda known: value


def _moment_of(call: Call, key: str) -> Any:
    if key != "timestamp":
        return call.value(key)
    return f"{{{{ {call.page.inner(call.data[key])} | timestamp_local }}}}"


def _option(step: int) -> Service:
    """The next or previous option of a list that the files define."""

    def service(call: Call) -> Steps:
        def value(known: Known) -> str:
            options = _options(call, known)
            now = remembered(known, call.page, options[0])
            listed_ = templates.constant(options)
            return f"{{{{ {listed_}[({listed_}.index({now}) + {step}) % {len(options)}] }}}}"

        return _each(call, value)

    return service


def _end(index: int) -> Service:
    return lambda call: _each(call, lambda known: _options(call, known)[index])


def _options(call: Call, known: Known) -> list[Any]:
    definition = call.page.house.contents.helpers.get(known.id) or Map()
    options = definition.get("options")
    if not isinstance(options, list) or not options:
        raise Unsupported(f"the options of `{known.id}` are not among the files")
    return list(options)


def _press(call: Call) -> Steps:
    return _each(call, lambda known: "{{ now().isoformat() }}")


def _timer_start(call: Call) -> Steps:
    """A timer is a pipeline that waits; it is told by an event."""
    steps: Steps = []
    for known in _timers(call):
        duration = call.data.get("duration", known.target.duration)
        if duration is None:
            hint = f"add `duration` to `{known.id}` in the table"
            raise Unsupported(f"how long `{known.id}` runs is not among the files: {hint}")
        text = call.page.duration(duration)
        steps.append(_timer_event("timer.start", known, duration=text))
    return steps


def _timer(event: str) -> Service:
    return lambda call: [_timer_event(event, known) for known in _timers(call)]


def _timers(call: Call) -> list[Known]:
    if call.selectors or not call.entities:
        raise Unsupported("timers must be named")
    call.page.house.timers |= {known.id for known in call.entities}
    return list(call.entities)


def _timer_event(name: str, known: Known, **more: Any) -> dict[str, Any]:
    return {"emit": {"name": name, "payload": {"entity_id": known.id, **more}}}


def _switch(word: bool) -> Service:
    """An automation that is switched has a condition that asks for it."""

    def service(call: Call) -> Steps:
        call.page.house.switched |= {known.id for known in call.entities}
        return _each(call, lambda known: word)

    return service


def _trigger(call: Call) -> Steps:
    """`automation.trigger`: a run of its pipeline."""
    steps: Steps = []
    for known in call.entities:
        pipeline = call.page.house.pipelines.get(known.id)
        if pipeline is None:
            raise Unsupported(f"`{known.id}` is not among the files")
        steps.append({"run": {"pipeline": pipeline, "wait": False}})
    if not steps:
        raise Unsupported("no automation is named")
    return steps


def _set_variable(call: Call) -> Steps:
    """`variable.set_variable` and the like: a remembered value by its name."""
    name = call.data.get("variable") or call.data.get("entity_id")
    if name is None and call.entities:
        return _each(call, lambda known: call.value("value"))
    if name is None or is_template(name):
        raise Unsupported("the variable must be named")
    return [{"remember": {str(name).rpartition(".")[2]: call.value("value")}}]


def _counter_set(call: Call) -> Steps:
    return _each(call, lambda known: call.value("value", 0))


def _group_set(call: Call) -> Steps:
    raise Unsupported("the members of a group cannot be changed while it runs")


HELPERS: Mapping[str, Service] = {
    "input_boolean.turn_on": state("on"), "input_boolean.turn_off": state("off"),
    "input_boolean.toggle": toggle,
    "input_number.set_value": own("value"), "input_number.increment": _changed("+", "amount"),
    "input_number.decrement": _changed("-", "amount"),
    "input_select.select_option": own("option"), "input_select.select_next": _option(1),
    "input_select.select_previous": _option(-1), "input_select.select_first": _end(0),
    "input_select.select_last": _end(-1),
    "input_text.set_value": own("value"), "input_datetime.set_datetime": _moment,
    "input_button.press": _press,
    "counter.increment": _changed("+", "step"), "counter.decrement": _changed("-", "step"),
    "counter.reset": _counter_set, "counter.set_value": _counter_set,
    "timer.start": _timer_start, "timer.cancel": _timer("timer.cancel"),
    "timer.finish": _timer("timer.finish"),
    "automation.turn_on": _switch(True), "automation.turn_off": _switch(False),
    "automation.toggle": toggle, "automation.trigger": _trigger,
    "variable.set_variable": _set_variable, "var.set": _set_variable,
    "group.set": _group_set,
    **{f"alarm_control_panel.{verb}": state(word) for verb, word in _ALARM.items()},
}  # fmt: skip
