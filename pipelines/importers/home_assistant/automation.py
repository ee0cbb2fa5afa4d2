"""One automation, script or scene as a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import nodes
from msgspec import Struct

from pipelines.importers.home_assistant import trigger_names
from pipelines.importers.home_assistant.actions import actions
from pipelines.importers.home_assistant.conditions import conditions
from pipelines.importers.home_assistant.contents import Part
from pipelines.importers.home_assistant.page import House, Page, remembered_name
from pipelines.importers.home_assistant.script_inputs import by_name, inputs_of
from pipelines.importers.home_assistant.services.others import scene_steps
from pipelines.importers.home_assistant.services.table import find
from pipelines.importers.home_assistant.templates import constant
from pipelines.importers.home_assistant.triggers import told, trigger
from pipelines.importers.home_assistant.unsupported import Gap, Unsupported
from pipelines.importers.home_assistant.values import items, truth
from pipelines.importers.home_assistant.variables import set_once, variables
from pipelines.importers.home_assistant.writing import Comment
from pipelines.tree import Map
from schemas.problem import Position

_MODES = ("single", "restart", "queued", "parallel")


class Made(Struct, frozen=True):
    """A pipeline as a mapping in the order of its text, and what was left out of it."""

    id: str
    name: str
    at: Position
    pipeline: Mapping[str, Any]
    gaps: list[Gap]


def automation(part: Part, pipeline_id: str, house: House) -> Made:
    """The pipeline of an automation."""
    tree, page = part.tree, Page(house, part.tree.at)
    page.fixed = set_once(tree)
    watched = _listed(tree, "triggers", "trigger")
    _tell(watched, page)
    made: dict[str, Any] = _head(tree, pipeline_id)
    made |= _variables(tree, page, watched)
    triggers = _triggers(watched, page)
    tests = conditions(_either(tree, "conditions", "condition"), page)
    steps = actions(_either(tree, "actions", "action"), page, top=True)
    entity = f"automation.{remembered_name(str(tree.get('alias') or tree.get('id') or ''))}"
    if entity in house.switched:
        key = house.known(entity).target.memory
        tests.append({"memory": {"key": key, "not": False}})
    made["triggers"] = _with_ids(triggers, page, [*tests, *steps, made.get("variables")])
    if tests:
        made["conditions"] = tests
    made["steps"] = steps
    return Made(pipeline_id, title(tree), tree.at, _careful(made, page), page.gaps)


def script(part: Part, pipeline_id: str, house: House) -> Made:
    """The pipeline of a script; its fields are inputs."""
    tree, page = part.tree, Page(house, part.tree.at)
    page.fixed = set_once(tree)
    given = house.given.get(part.name, set())
    page.view.names = by_name(tree, given)
    made: dict[str, Any] = _head(tree, pipeline_id)
    if inputs := inputs_of(tree, given):
        made["inputs"] = inputs
    made |= _variables(tree, page)
    made["steps"] = actions(tree.get("sequence"), page, top=True)
    return Made(pipeline_id, title(tree) or part.name, tree.at, _careful(made, page), page.gaps)


def scene(part: Part, pipeline_id: str, house: House) -> Made:
    """The pipeline that sets a scene."""
    tree, page = part.tree, Page(house, part.tree.at)
    entities = tree.get("entities")
    made = _head(tree, pipeline_id)
    steps: list[Any] = []
    for entity, wanted in entities.items() if isinstance(entities, Map) else ():
        one = {entity: wanted}
        steps += page.one(one, tree.at, lambda each, _: scene_steps(each, page, find), "entity")
    made["steps"] = steps
    return Made(pipeline_id, part.name, tree.at, made, page.gaps)


def title(tree: Map) -> str:
    """What an automation is called there."""
    return str(tree.get("alias") or tree.get("name") or tree.get("id") or "")


def _either(tree: Map, *keys: str) -> Any:
    return next((tree[key] for key in keys if tree.get(key) is not None), None)


def _listed(tree: Map, *keys: str) -> list[Any]:
    value = _either(tree, *keys)
    flat: list[Any] = []
    for each in items(value):
        nested = each.get("triggers") if isinstance(each, Map) and "triggers" in each else None
        flat += items(nested) if nested is not None else items(each)
    return flat


def _tell(watched: list[Any], page: Page) -> None:
    """Let the page know what its triggers can tell."""
    known = []
    for index, tree in enumerate(watched):
        try:
            known.append(told(tree, index, page))
        except Unsupported:  # told again, with its place, when the trigger is made
            continue
    page.view.origin = trigger_names.Origin(nodes.Name("trigger", "load"), tuple(known))


def _head(tree: Map, pipeline_id: str) -> dict[str, Any]:
    made: dict[str, Any] = {"id": pipeline_id}
    texts = [str(tree[key]).strip() for key in ("alias", "description") if tree.get(key)]
    if texts:
        made["description"] = ". ".join(dict.fromkeys(text.rstrip(".") for text in texts))
    if not truth(tree.get("initial_state"), True):
        made["enabled"] = False
    made["labels"] = {"from": "home_assistant"}
    mode = str(tree.get("mode", "single"))
    if mode in _MODES and mode != "single":
        made["mode"] = mode
        if isinstance(tree.get("max"), int):
            made["max"] = tree["max"]
    if str(tree.get("max_exceeded", "")).lower() == "silent":
        made["max_exceeded"] = "silent"
    return made


def _variables(tree: Map, page: Page, watched: list[Any] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = _variables_of_triggers(watched or [], page)
    for key in ("trigger_variables", "variables"):
        if isinstance(tree.get(key), Map):
            found |= variables(tree[key], page)
    if all(isinstance(each, Comment) for each in found.values()):
        return {f"#variable {name}": note for name, note in found.items()}
    return {"variables": found}


def _variables_of_triggers(watched: list[Any], page: Page) -> dict[str, Any]:
    """Variables that each trigger sets: looked up by its id."""
    values: dict[str, dict[str, Any]] = {}
    for index, tree in enumerate(watched):
        own = tree.get("variables") if isinstance(tree, Map) else None
        for name, value in own.items() if isinstance(own, Map) else ():
            values.setdefault(name, {})[_id(tree, index)] = value
    found = Map()
    for name, by_id in values.items():
        pairs = ", ".join(f"{constant(key)}: {page.inner(each)}" for key, each in by_id.items())
        found.put(name, f"{{{{ {{{pairs}}}.get(trigger.id) }}}}", Position(), Position())
    return variables(found, page)


def _triggers(watched: list[Any], page: Page) -> list[tuple[str, list[Any]]]:
    """Our triggers for each of theirs, with its id; one that has no equivalent is a comment."""
    every = page.view.origin
    found = []
    for index, tree in enumerate(watched):
        own = [each for each in every.told if each.id == _id(tree, index)]
        page.view.origin = trigger_names.Origin(every.root, tuple(own))
        made = page.each([tree], lambda each, at: trigger(each, at, page), "trigger")
        found.append((_id(tree, index), made))
    page.view.origin = every
    return found


def _id(tree: Any, index: int) -> str:
    name = tree.get("id") if isinstance(tree, Map) else None
    return str(index if name is None else name)


def _with_ids(found: list[tuple[str, list[Any]]], page: Page, rest: Any) -> list[Any]:
    """The triggers; each has its id where somebody asks for it and its number would not do."""
    flat = [(name, each) for name, made in found for each in made]
    asked = "trigger.id" in repr(rest)
    triggers: list[Any] = []
    number = 0
    for name, each in flat:
        if isinstance(each, Comment):
            triggers.append(each)
            continue
        named = not name.isdigit() or (asked and name != str(number))
        number += 1
        triggers.append(_bare({"id": name, **each} if named else each))
    return triggers


def _bare(each: dict[str, Any]) -> Any:
    return "startup" if each == {"startup": {}} else each


def _careful(made: dict[str, Any], page: Page) -> dict[str, Any]:
    """Switched off where a condition is missing that would have kept it from acting."""
    if not page.unsafe or made.get("enabled") is False:
        return made
    note = Comment("switched off: a condition is missing below; fill it in, then set true")
    careful: dict[str, Any] = {}
    for key, value in made.items():
        if key == "labels":
            careful |= {"#enabled": note, "enabled": False}
        careful[key] = value
    return careful
