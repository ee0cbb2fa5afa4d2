"""The conditions `state` and `numeric_state`: readings, remembered values, groups, the sun."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.importers.home_assistant import state_words, templates
from pipelines.importers.home_assistant.entities import Known
from pipelines.importers.home_assistant.jinja_text import expression_text
from pipelines.importers.home_assistant.page import Page
from pipelines.importers.home_assistant.rewriting import ENTITY, Rewriting
from pipelines.importers.home_assistant.state_triggers import inside, limit
from pipelines.importers.home_assistant.state_words import AWAY, property_of
from pipelines.importers.home_assistant.unsupported import Unsupported
from pipelines.importers.home_assistant.values import items, plain_number
from pipelines.tree import Map

_NUMERIC = frozenset({"sensor", "number", "input_number", "counter"})


def state(tree: Map, page: Page) -> Any:
    """`state`: the states of entities."""
    entities = page.entities(tree.get("entity_id"))
    if "state" not in tree:
        raise Unsupported("no state is named")
    return of_entities(entities, tree, page)


def of_entities(entities: list[Known], tree: Mapping[str, Any], page: Page) -> Any:
    """Whether entities are in a state: all of them, or any."""
    name = "any" if str(tree.get("match", "all")) == "any" else "all"
    alike = _alike(entities, tree)
    if alike is not None and not _is_reference(tree):
        return _devices(alike, tree, page, name)
    tests = [_one(known, tree, page) for known in entities]
    return tests[0] if len(tests) == 1 else {name: tests}


def _is_reference(tree: Mapping[str, Any]) -> bool:
    """Whether the state wanted is that of a helper."""
    return any(_is_entity(each) for each in items(tree.get("state")))


def _is_entity(value: Any) -> bool:
    return isinstance(value, str) and bool(ENTITY.fullmatch(value)) and value.startswith("input_")


def _alike(entities: list[Known], tree: Mapping[str, Any]) -> list[Known] | None:
    """Devices whose same property is asked for; None where they are not alike."""
    keys = {
        (known.target.property, known.target.instance, tuple(sorted(known.words.items())))
        for known in entities
        if known.target.is_device() and known.id != "sun.sun"
    }
    every = all(known.target.is_device() and known.id != "sun.sun" for known in entities)
    return entities if every and len(keys) == 1 else None


def _devices(alike: list[Known], tree: Mapping[str, Any], page: Page, name: str) -> Any:
    first = alike[0]
    devices = [known.target.device for known in alike]
    fields: dict[str, Any] = {"device": devices[0] if len(devices) == 1 else devices}
    match = {"match": "any"} if name == "any" and len(devices) > 1 else {}
    states = items(tree.get("state"))
    away = [state for state in states if str(state) in AWAY]
    tests: list[Any] = []
    if away:
        tests.append({"reading": fields | {"property": "available", "is": False} | match})
    values = _values(states, first, tree)
    if values:
        attribute = tree.get("attribute")
        of = property_of(first, str(attribute)) if attribute else first.target.property
        fields |= {"property": of}
        if first.target.instance is not None:
            fields["instance"] = first.target.instance
        fields["is"] = values[0] if len(values) == 1 else values
        tests.append({"reading": fields | _for(tree, page) | match})
    return tests[0] if len(tests) == 1 else {"any": tests}


def _values(states: list[Any], known: Known, tree: Mapping[str, Any]) -> list[Any]:
    values = [
        known.value("on" if state is True else "off" if state is False else state)
        for state in states
        if str(state) not in AWAY
    ]
    if known.domain in _NUMERIC:
        values = [plain_number(value) for value in values]
    if tree.get("attribute") == "brightness":
        values = [round(float(value) / 2.55, 1) for value in values]
    return values


def _for(tree: Mapping[str, Any], page: Page, key: str = "for") -> dict[str, Any]:
    return {} if tree.get("for") is None else {key: page.duration(tree["for"])}


def _one(known: Known, tree: Mapping[str, Any], page: Page) -> Any:
    if known.id == "sun.sun" and not tree.get("attribute"):
        return _sun_state(tree)
    if _is_reference(tree):
        return _as_entity(known, tree, page)
    if known.target.is_device():
        return _devices([known], tree, page, "all")
    if known.target.memory is not None:
        return _memory(known, tree, page)
    if known.target.entities and not tree.get("for"):
        test = Rewriting(page.view).is_state(known.id, [str(s) for s in items(tree["state"])])
        return f"{{{{ {expression_text(test)} }}}}"
    if known.target.entities:
        members = page.entities(known.target.entities)
        some = str(items(tree["state"])[0]) in ("on", "home", "open")
        return of_entities(members, {**tree, "match": "any" if some else "all"}, page)
    raise Unsupported("whether a script is running is not known here")


def _sun_state(tree: Mapping[str, Any]) -> Any:
    if items(tree.get("state")) == ["above_horizon"]:
        return {"sun": {"after": "sunrise", "before": "sunset"}}
    if items(tree.get("state")) == ["below_horizon"]:
        return {"sun": {"after": "sunset", "before": "sunrise"}}
    raise Unsupported(f"the sun is never `{tree.get('state')}`")


def _as_entity(known: Known, tree: Mapping[str, Any], page: Page) -> str:
    """The state wanted is that of another entity."""
    value = expression_text(state_words.look_up(known))
    others = [
        expression_text(state_words.look_up(page.house.known(each)))
        if _is_entity(each)
        else templates.constant(known.value(each))
        for each in items(tree.get("state"))
    ]
    if len(others) == 1:
        return f"{{{{ {value} == {others[0]} }}}}"
    return f"{{{{ {value} in [{', '.join(others)}] }}}}"


def _memory(known: Known, tree: Mapping[str, Any], page: Page) -> Any:
    attribute = tree.get("attribute")
    key = f"{known.target.memory}.{attribute}" if attribute else known.target.memory
    states = items(tree.get("state"))
    values: list[Any] = [None for state in states if str(state) in AWAY][:1]
    values += _values(states, known, tree)
    values += [None] if known.initial in values else []
    fields: dict[str, Any] = {"key": key}
    if values == [False]:  # one that was never set is off
        fields["not"] = True
    elif known.domain == "automation" and values == [True]:
        fields["not"] = False
    else:
        fields["is"] = values[0] if len(values) == 1 else values
    return {"memory": fields | _for(tree, page, "older_than")}


def numeric_state(tree: Map, page: Page) -> Any:
    """`numeric_state`: numbers in a band."""
    return measured(page.entities(tree.get("entity_id")), tree, page)


def measured(entities: list[Known], tree: Mapping[str, Any], page: Page) -> Any:
    """Whether the numbers of entities lie in a band."""
    tests = [_band(known, tree, page) for known in entities]
    return tests[0] if len(tests) == 1 else {"all": tests}


def _band(known: Known, tree: Mapping[str, Any], page: Page) -> Any:
    target = known.target
    if tree.get("value_template") or known.id == "sun.sun" or target.entities:
        return f"{{{{ {inside(known, tree, page)} }}}}"
    limits = {key: limit(tree[key], tree, page) for key in ("above", "below") if key in tree}
    if not limits:
        raise Unsupported("neither `above` nor `below` is given")
    attribute = tree.get("attribute")
    if target.memory is not None:
        key = f"{target.memory}.{attribute}" if attribute else target.memory
        return {"memory": {"key": key, **limits}}
    if not target.is_device():
        raise Unsupported(f"`{known.id}` has no number")
    of = property_of(known, str(attribute)) if attribute else target.property
    fields: dict[str, Any] = {"device": target.device, "property": of}
    if target.instance is not None:
        fields["instance"] = target.instance
    return {"reading": fields | limits}
