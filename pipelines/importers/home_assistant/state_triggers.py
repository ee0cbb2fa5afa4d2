"""The triggers `state` and `numeric_state`: readings, remembered values, the sun, groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.importers.home_assistant import state_words, templates
from pipelines.importers.home_assistant.entities import Known
from pipelines.importers.home_assistant.jinja_text import expression_text
from pipelines.importers.home_assistant.page import Page
from pipelines.importers.home_assistant.rewriting import ENTITY, Rewriting
from pipelines.importers.home_assistant.state_words import AWAY, property_of
from pipelines.importers.home_assistant.unsupported import Unsupported
from pipelines.importers.home_assistant.values import items, plain_number, span

Made = list[dict[str, Any]]
_SUN = {"above_horizon": "sunrise", "below_horizon": "sunset"}
_NUMERIC = frozenset({"sensor", "number", "input_number", "counter"})


def state(tree: Mapping[str, Any], page: Page) -> Made:
    """`state`: one of our triggers for all devices that are alike, one for each other entity."""
    return of_entities(page.entities(tree.get("entity_id")), tree, page)


def of_entities(entities: list[Known], tree: Mapping[str, Any], page: Page) -> Made:
    """The triggers of entities that take a state."""
    made: Made = []
    for alike in _alike(entities, tree):
        made += _of(alike, tree, page)
    return made


def _alike(entities: list[Known], tree: Mapping[str, Any]) -> list[list[Known]]:
    """The entities by what can be watched together: the same property of several devices."""
    groups: dict[Any, list[Known]] = {}
    for known in entities:
        target = known.target
        key: Any = known.id
        if target.is_device():
            words = tuple(sorted(known.words.items()))
            key = (_property(known, tree), target.instance, words, known.domain in _NUMERIC)
        groups.setdefault(key, []).append(known)
    return list(groups.values())


def _of(alike: list[Known], tree: Mapping[str, Any], page: Page) -> Made:
    first = alike[0]
    if first.id == "sun.sun":
        return _sun(tree)
    if first.target.is_device():
        return _devices(alike, tree, page)
    if first.target.memory is not None:
        return _memory(first, tree, page)
    if first.target.entities:
        return _group(first, tree, page)
    return _pipeline(first, tree)


def _devices(alike: list[Known], tree: Mapping[str, Any], page: Page) -> Made:
    first = alike[0]
    fields: dict[str, Any] = {"device": _one([each.target.device for each in alike])}
    base = fields | {"property": _property(first, tree)}
    if first.target.instance is not None:
        base["instance"] = first.target.instance
    held = _held(tree, page)
    before, after = _wanted(tree, "from", first), _wanted(tree, "to", first)
    made: Made = []
    back = before.away and not before.values
    if after.away or back:
        available = fields | {"property": "available", "to": not after.away, **held}
        made.append(_with({"reading": available}, _still(after, first)))
    if not back and (after.values or not after.away):
        reading = base | before.field("from") | after.field("to") | held
        made.append(_with({"reading": reading}, _excluded(tree, first)))
    return made


def _memory(known: Known, tree: Mapping[str, Any], page: Page) -> Made:
    key = known.target.memory
    attribute = tree.get("attribute")
    fields: dict[str, Any] = {"key": f"{key}.{attribute}" if attribute else key}
    before, after = _wanted(tree, "from", known), _wanted(tree, "to", known)
    tests = _excluded(tree, known)
    if before.values and not _opposite(before, after):
        tests = [f"trigger.previous {_among(before.values)}", *tests]
    fields |= after.field("to") | _held(tree, page)
    return [_with({"memory": fields if len(fields) > 1 else key}, tests)]


def _group(known: Known, tree: Mapping[str, Any], page: Page) -> Made:
    states = items(tree.get("to"))
    if not states:
        members = page.entities(known.target.entities)
        return of_entities(members, tree, page)
    test = Rewriting(page.view).is_state(known.id, str(states[0]))
    value = f"{{{{ {expression_text(test)} }}}}"
    held = _held(tree, page)
    return [{"template": {"value": value, **held} if held else value}]


def _sun(tree: Mapping[str, Any]) -> Made:
    wanted = items(tree.get("to")) or [s for s in _SUN if s not in items(tree.get("from"))]
    later = span(tree["for"]) if "for" in tree else 0.0
    made: Made = []
    for each in wanted:
        event = _SUN.get(str(each))
        if event is None:
            raise Unsupported(f"the sun is never `{each}`")
        offset = {"offset": f"{later:g}s"} if later else {}
        made.append({"sun": {"event": event, **offset} if offset else event})
    return made


def _pipeline(known: Known, tree: Mapping[str, Any]) -> Made:
    if items(tree.get("to")) == ["on"]:
        raise Unsupported("that a script begins is told to nobody; that it has ended is")
    return [{"run": {"pipeline": known.target.pipeline, "state": "completed"}}]


class _Wanted:
    """What `from` or `to` wants: values here, and whether `unavailable` is one."""

    def __init__(self, states: list[Any], known: Known) -> None:
        self.away = any(str(state) in AWAY for state in states)
        self.values = [
            plain_number(value) if known.domain in _NUMERIC else value
            for state in states
            if str(state) not in AWAY
            for value in [known.value(_as_state(state))]
        ]

    def field(self, name: str) -> dict[str, Any]:
        """The field with one value or a list of them."""
        return {name: _one(self.values)} if self.values else {}


def _wanted(tree: Mapping[str, Any], key: str, known: Known) -> _Wanted:
    states = [state for state in items(tree.get(key)) if state is not None]
    wanted = _Wanted(states, known)
    if tree.get("attribute") == "brightness":
        wanted.values = [round(float(value) / 2.55, 1) for value in wanted.values]
    return wanted


def _as_state(state: Any) -> Any:
    if isinstance(state, bool):
        return "on" if state else "off"
    return state


def _opposite(before: _Wanted, after: _Wanted) -> bool:
    """Whether `from` says nothing that `to` does not: off before on."""
    values = before.values + after.values
    return len(values) == 2 and all(isinstance(v, bool) for v in values) and values[0] != values[1]


def _excluded(tree: Mapping[str, Any], known: Known) -> list[str]:
    """The tests of `not_from` and `not_to`; values here are never `unavailable`."""
    tests = []
    for key, member in (("not_from", "previous"), ("not_to", "value")):
        wanted = _wanted(tree, key, known)
        if wanted.values:
            tests.append(f"trigger.{member} {_among(wanted.values, negated=True)}")
    return tests


def _still(after: _Wanted, known: Known) -> list[str]:
    """After an absence: whether the state is the one wanted."""
    if after.away or not after.values:
        return []
    value = state_words.look_up(known)
    return [f"{expression_text(value)} {_among(after.values)}"]


def _among(values: list[Any], *, negated: bool = False) -> str:
    if len(values) == 1:
        return f"{'!=' if negated else '=='} {templates.constant(values[0])}"
    return f"{'not in' if negated else 'in'} {templates.constant(values)}"


def _with(trigger: dict[str, Any], tests: list[str]) -> dict[str, Any]:
    if not tests:
        return trigger
    conditions = [f"{{{{ {test} }}}}" for test in tests]
    return trigger | {"if": _one(conditions)}


def _held(tree: Mapping[str, Any], page: Page) -> dict[str, Any]:
    return {} if tree.get("for") is None else {"for": page.duration(tree["for"])}


def _one(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _property(known: Known, tree: Mapping[str, Any]) -> str | None:
    attribute = tree.get("attribute")
    return property_of(known, str(attribute)) if attribute else known.target.property


def numeric_state(tree: Mapping[str, Any], page: Page) -> Made:
    """`numeric_state`: entering a band; a `value_template` becomes an expression."""
    return measured(page.entities(tree.get("entity_id")), tree, page)


def measured(entities: list[Known], tree: Mapping[str, Any], page: Page) -> Made:
    """The triggers of entities whose number enters a band."""
    if tree.get("value_template") or any(_is_computed(known) for known in entities):
        held = _held(tree, page)
        values = [f"{{{{ {inside(known, tree, page)} }}}}" for known in entities]
        return [{"template": {"value": v, **held} if held else v} for v in values]
    made: Made = []
    for alike in _alike(entities, tree):
        made.append(_band(alike, tree, page))
    return made


def _is_computed(known: Known) -> bool:
    return known.id == "sun.sun" or bool(known.target.entities)


def _band(alike: list[Known], tree: Mapping[str, Any], page: Page) -> dict[str, Any]:
    first = alike[0]
    limits = {key: limit(tree[key], tree, page) for key in ("above", "below") if key in tree}
    limits |= _held(tree, page)
    if first.target.memory is not None:
        suffix = f".{tree['attribute']}" if tree.get("attribute") else ""
        return {"memory": {"key": f"{first.target.memory}{suffix}", **limits}}
    if not first.target.is_device():
        raise Unsupported(f"`{first.id}` has no number")
    fields = {"device": _one([each.target.device for each in alike])}
    fields["property"] = _property(first, tree)
    if first.target.instance is not None:
        fields["instance"] = first.target.instance
    return {"reading": fields | limits}


def limit(value: Any, tree: Mapping[str, Any], page: Page) -> Any:
    """A limit: a number, a template, or the state of an entity."""
    if isinstance(value, str) and ENTITY.fullmatch(value) and not value[0].isdigit():
        known = page.house.known(value)
        return f"{{{{ {expression_text(state_words.look_up(known))} }}}}"
    if isinstance(value, str) and "{" in value:
        return page.text(value)
    number = plain_number(value)
    if tree.get("attribute") == "brightness" and isinstance(number, int | float):
        return round(number / 2.55, 1)
    return number


def inside(known: Known, tree: Mapping[str, Any], page: Page) -> str:
    """Whether the number of an entity, or what a template makes of it, lies in a band."""
    value = _value(known, tree, page)
    tests = [
        f"{value} | float {sign} {_bound(limit(tree[key], tree, page))}"
        for key, sign in (("above", ">"), ("below", "<"))
        if key in tree
    ]
    if not tests:
        raise Unsupported("neither `above` nor `below` is given")
    return " and ".join([f"{value} | is_number", *tests])


def _bound(value: Any) -> str:
    """A limit as the inside of an expression."""
    if isinstance(value, str):
        return f"({value.strip()[2:-2].strip()})"
    return templates.constant(value)


def _value(known: Known, tree: Mapping[str, Any], page: Page) -> str:
    template = tree.get("value_template")
    if template:
        page.view.state = known
        try:
            return page.inner(str(template))
        finally:
            page.view.state = None
    if tree.get("attribute"):
        value = state_words.attribute(known, str(tree["attribute"]))
    else:
        value = Rewriting(page.view).state_text(known)
    text = expression_text(value)
    return f"({text})" if " " in text else text
