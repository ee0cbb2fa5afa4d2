"""Home Assistant's look-ups in a template's tree, replaced by ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import nodes
from jinja2.visitor import NodeTransformer
from msgspec import Struct

from pipelines.importers.home_assistant import state_words
from pipelines.importers.home_assistant.entities import Known
from pipelines.importers.home_assistant.jinja_nodes import (
    all_of,
    any_item,
    any_of,
    as_node,
    call,
    compare,
    constants,
    negated,
    one_of,
    text_in,
)
from pipelines.importers.home_assistant.lookup_rules import CALLS, ROOTS, called, name_in
from pipelines.importers.home_assistant.state_words import AWAY
from pipelines.importers.home_assistant.trigger_names import Origin, chain, told_by
from pipelines.importers.home_assistant.unsupported import Unsupported
from pipelines.importers.home_assistant.values import plain_number

ENTITY = re.compile(r"[a-z][a-z0-9_]*\.[A-Za-z0-9_]+")


_CLOCKS = {
    "sensor.time": "%H:%M", "sensor.date": "%Y-%m-%d", "sensor.date_time": "%Y-%m-%d, %H:%M",
}  # fmt: skip


_OPERATORS = {"eq", "ne", "in", "notin"}


_FOREIGN = {
    "this": "what the automation itself is", "context": "who caused it",
    "states": "all states at once",
}  # fmt: skip


class View(Struct):
    """What a template sees at its place: entities, what its triggers and last wait told.

    `state` is the entity of a `value_template`; `names` are variables that are called otherwise
    here, `constants` those whose value is known.
    """

    entity: Callable[[str], Known]
    origin: Origin
    wait: Origin | None = None
    state: Known | None = None
    names: Mapping[str, nodes.Expr] = {}
    constants: Mapping[str, Any] = {}


class Rewriting(NodeTransformer):
    """Puts our look-ups in place of Home Assistant's.

    Raises:
        Unsupported: one has no equivalent.
    """

    def __init__(self, view: View) -> None:
        self.view = view

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802
        """Calls that look something up."""
        if isinstance(node.node, nodes.Name) and node.node.name in CALLS:
            return called(self, node.node.name, node.args)
        return self.generic_visit(node)

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:  # noqa: N802
        """The same, written as filters."""
        if node.name in CALLS and node.node is not None:
            return called(self, node.name, [node.node, *node.args])
        if node.name == "random" and node.node is not None:
            return any_item(self.visit(node.node))
        return self.generic_visit(node)

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802
        """Look-ups by path: `states.light.hall.state`, `trigger.to_state`."""
        return self.looked_up(node) or self.generic_visit(node)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802
        """The same in brackets."""
        return self.looked_up(node) or self.generic_visit(node)

    def visit_Name(self, node: nodes.Name) -> nodes.Node:  # noqa: N802
        """Names that mean something else here."""
        if node.ctx != "load":
            return node
        if node.name in self.view.names:
            return self.view.names[node.name]
        if node.name in _FOREIGN:
            raise Unsupported(f"`{node.name}`: {_FOREIGN[node.name]} is not known here")
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802
        """Comparisons of states, with the values they have here."""
        if len(node.ops) == 1:
            operator, right = node.ops[0].op, node.ops[0].expr
            for one, other in ((node.expr, right), (right, node.expr)):
                if operator in _OPERATORS and (values := constants(other)) is not None:
                    if operator in ("in", "notin") and one is right:
                        continue
                    if (found := self.compared(one, values)) is not None:
                        return negated(found) if operator in ("ne", "notin") else found
            if (value := self.value(node.expr)) is not None and isinstance(right, nodes.Const):
                return compare(value[0], operator, plain_number(right.value))
        return self.generic_visit(node)

    def compared(self, node: nodes.Node, values: list[Any]) -> nodes.Expr | None:
        """Whether a state is one of some; None where the expression is no state."""
        if (who := self.who(node)) is not None and all(isinstance(v, str) for v in values):
            return one_of(who, [self.name(value) for value in values])
        found = self.value(node)
        if found is None:
            return None
        value, known = found
        if known is None:
            return one_of(value, values)
        away = [each for each in values if isinstance(each, str) and each in AWAY]
        rest = [known.value(each) for each in values if each not in away]
        tests = [state_words.is_away(known, each) for each in away]
        if len(rest) == 1:
            tests.append(state_words.equals(value, known, rest[0]))
        elif rest:
            tests.append(compare(value, "in", rest))
        return any_of(tests)

    def value(self, node: nodes.Node) -> tuple[nodes.Expr, Known | None] | None:
        """A state that is looked up, as the value here; None where the expression is none."""
        root, names = chain(node)
        if isinstance(root, nodes.Name) and root.name in ("trigger", "wait"):
            return self._told_value(root.name, names)
        known = self.entity_of(node)
        if known is None or known.id in _CLOCKS or known.id == "sun.sun" or known.target.entities:
            return None
        return state_words.look_up(known), known

    def _told_value(self, root: str, names: list[str]) -> tuple[nodes.Expr, Known | None] | None:
        names = names if root == "trigger" else names[1:]
        if names not in (["to_state", "state"], ["from_state", "state"]):
            return None
        origin = self.origin(root)
        return told_by(origin, names, raw=True), origin.sample()

    def origin(self, root: str) -> Origin:
        """What `trigger` or `wait.trigger` stands for."""
        origin = self.view.origin if root == "trigger" else self.view.wait
        if origin is None:
            raise Unsupported("`wait` is used, but nothing was waited for")
        return origin

    def who(self, node: nodes.Node) -> nodes.Expr | None:
        """`trigger.entity_id` in one of its spellings."""
        root, names = chain(node)
        spellings = (["entity_id"], ["to_state", "entity_id"], ["from_state", "entity_id"])
        if isinstance(root, nodes.Name) and root.name == "trigger" and names in spellings:
            return told_by(self.view.origin, names)
        return None

    def name(self, entity: str) -> str:
        """What an entity is called here: its device, or the key of what is remembered."""
        if not ENTITY.fullmatch(entity):
            return entity
        target = self.view.entity(entity).target
        return target.device or target.memory or entity

    def entity_of(self, node: nodes.Node) -> Known | None:
        """The entity whose state is looked up by `states('…')`, `states.a.b.state` and others."""
        root, names = chain(node)
        if isinstance(root, nodes.Name) and root.name == "states":
            return self._by_path(names)
        if isinstance(root, nodes.Name) and root.name == "state" and names == ["state"]:
            return self.view.state
        looks = isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name)
        if looks and node.node.name == "states" and node.args:  # type: ignore[attr-defined]
            entity = self.text(node.args[0])  # type: ignore[attr-defined]
            return None if entity is None else self.known(entity)
        return None

    def text(self, node: nodes.Node) -> str | None:
        """The text an expression always is; None where it may differ."""
        if isinstance(node, nodes.Name):
            value = self.view.constants.get(node.name)
            return value if isinstance(value, str) else None
        return text_in(node)

    def _by_path(self, names: list[str]) -> Known | None:
        if names and "." in names[0]:
            names = [*names[0].split(".", 1), *names[1:]]
        return self.known(".".join(names[:2])) if names[2:] == ["state"] else None

    def known(self, entity: str) -> Known:
        """An entity by its id."""
        entity = entity.strip().lower()
        if not ENTITY.fullmatch(entity):
            raise Unsupported(f"`{entity}` is no entity")
        return self.view.entity(entity)

    def looked_up(self, node: nodes.Expr) -> nodes.Node | None:
        """A chain of look-ups that begins at one of Home Assistant's names."""
        root, names = chain(node)
        if not isinstance(root, nodes.Name):
            return name_in(self, node)
        rule = ROOTS.get(root.name)
        if rule is None or (root.name == "state" and self.view.state is None):
            return None
        return rule(self, names)

    def state_text(self, known: Known) -> nodes.Expr:
        """The state of an entity as the text it is there."""
        if known.id in _CLOCKS:
            form = as_node(_CLOCKS[known.id])
            strftime = nodes.Getattr(call("now"), "strftime", "load")
            return nodes.Call(strftime, [form], [], None, None)
        if known.id == "sun.sun":
            return nodes.Getattr(call("sun"), "state", "load")
        if known.target.entities:
            on = self.members(known, "on")
            return nodes.CondExpr(on, as_node("on"), as_node("off"))
        words = known.words
        value = state_words.look_up(known, default=None if words else "unknown")
        return state_words.text_value(value, known)

    def members(self, known: Known, state: str) -> nodes.Expr:
        """Whether a group has a state: one member, or all, have the state that switches it."""
        off = state in ("off", "not_home", "closed")
        parts = [self.is_state(each, state) for each in known.target.entities]
        return all_of(parts) if off is not known.target.all else any_of(parts)

    def is_state(self, entity: str, state: Any) -> nodes.Expr:
        """Whether an entity has a state, or one of several."""
        known = self.known(entity)
        if isinstance(state, list):
            return any_of([self.is_state(entity, each) for each in state])
        if known.target.entities:
            return self.members(known, str(state))
        if known.id in _CLOCKS or known.id == "sun.sun":
            return compare(self.state_text(known), "eq", state)
        return state_words.is_state(known, state)
