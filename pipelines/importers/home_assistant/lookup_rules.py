"""Home Assistant's functions and names of states, and what stands for each here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from jinja2 import nodes

from pipelines.importers.home_assistant import state_words
from pipelines.importers.home_assistant.entities import Known
from pipelines.importers.home_assistant.jinja_nodes import (
    any_of,
    as_node,
    call,
    compare,
    constants,
    text_in,
)
from pipelines.importers.home_assistant.trigger_names import after, chain, told_by
from pipelines.importers.home_assistant.unsupported import Unsupported

if TYPE_CHECKING:
    from pipelines.importers.home_assistant.rewriting import Rewriting


def name_in(rewriting: Rewriting, node: nodes.Expr) -> nodes.Node | None:
    """`trigger.entity_id.split('.')[1]`: the name, which is what stands here anyway."""
    if not isinstance(node, nodes.Getitem) or not isinstance(node.node, nodes.Call):
        return None
    root, names = chain(node.node.node)
    if names[-1:] != ["split"] or not isinstance(node.arg, nodes.Const) or node.arg.value != 1:
        return None
    return rewriting.who(after(root, names[:-1]))  # type: ignore[arg-type]


def _states(self: Rewriting, args: list[nodes.Expr]) -> nodes.Node:
    entity = args[0]
    if (text := self.text(entity)) is not None:
        return self.state_text(self.known(text))
    if self.who(entity) is not None:
        return told_by(self.view.origin, ["to_state", "state"])
    if isinstance(entity, nodes.CondExpr) and entity.expr2 is not None:
        ways = [_states(self, [each]) for each in (entity.expr1, entity.expr2)]
        return nodes.CondExpr(self.visit(entity.test), *ways)
    return call("memory", _computed_key(self, entity))


def _computed_key(self: Rewriting, entity: nodes.Expr) -> nodes.Expr:
    """The memory key of a helper whose name is put together: `'input_boolean.' ~ name`."""
    parts: list[nodes.Expr]
    if isinstance(entity, nodes.Concat):
        parts = list(entity.nodes)
    elif isinstance(entity, nodes.Add):
        parts = [entity.left, entity.right]
    else:
        raise Unsupported("the state of an entity whose name is computed")
    first = text_in(parts[0])
    while first is None and isinstance(parts[0], nodes.Add):
        parts = [parts[0].left, parts[0].right, *parts[1:]]
        first = text_in(parts[0])
    domain, dot, start = (first or "").partition(".")
    if not dot or not domain.startswith(("input_", "counter", "timer", "person", "device_tracker")):
        raise Unsupported("the state of an entity whose name is computed")
    rest = [self.visit(part) for part in parts[1:]]
    rest = [as_node(start), *rest] if start else rest
    return rest[0] if len(rest) == 1 else nodes.Concat(rest)


def _is_state(self: Rewriting, args: list[nodes.Expr]) -> nodes.Node:
    entity, wanted = self.text(args[0]), constants(args[1])
    if entity is not None and wanted is not None:
        return self.is_state(entity, wanted if len(wanted) > 1 else wanted[0])
    state = _states(self, args[:1])
    if wanted is not None and self.who(args[0]) is not None:
        origin = self.view.origin
        raw, sample = told_by(origin, ["to_state", "state"], raw=True), origin.sample()
        return any_of([state_words.equals(raw, sample, each) if sample
                     else compare(raw, "eq", each) for each in wanted])  # fmt: skip
    return compare(state, "eq", self.visit(args[1]))  # type: ignore[arg-type]


def _state_attr(self: Rewriting, args: list[nodes.Expr]) -> nodes.Node:
    entity, name = self.text(args[0]), self.text(args[1])
    if name is None:
        raise Unsupported("an attribute whose name is computed")
    if entity is not None:
        return state_words.attribute(self.known(entity), name)
    if self.who(args[0]) is not None:
        return told_by(self.view.origin, ["to_state", "attributes", name])
    raise Unsupported("an attribute of an entity whose name is computed")


def _is_state_attr(self: Rewriting, args: list[nodes.Expr]) -> nodes.Node:
    return compare(_state_attr(self, args[:2]), "eq", self.visit(args[2]))  # type: ignore[arg-type]


def _has_value(self: Rewriting, args: list[nodes.Expr]) -> nodes.Node:
    entity = self.text(args[0])
    if entity is None:
        raise Unsupported("whether an entity whose name is computed has a value")
    return compare(state_words.look_up(self.known(entity)), "ne", None)


def _path(self: Rewriting, names: list[str]) -> nodes.Node:
    if names and "." in names[0]:
        names = [*names[0].split(".", 1), *names[1:]]
    if len(names) < 2:
        raise Unsupported("all states of a domain at once")
    known, rest = self.known(".".join(names[:2])), names[2:]
    if not rest or rest[0] == "state":
        return after(self.state_text(known), rest[1:])
    if rest[0] == "attributes" and len(rest) > 1:
        return after(state_words.attribute(known, rest[1]), rest[2:])
    if rest[0] in ("entity_id", "object_id", "name"):
        return as_node(known.name)
    raise Unsupported(f"when `{known.id}` {rest[0].replace('_', ' ')} is not known in expressions")


def _wait(self: Rewriting, names: list[str]) -> nodes.Node:
    origin = self.origin("wait")
    step = nodes.Getattr(nodes.Name("steps", "load"), origin.root.node.attr, "load")  # type: ignore[attr-defined]
    if names == ["completed"]:
        late = nodes.Getattr(step, "timed_out", "load")
        return nodes.Not(nodes.Filter(late, "default", [as_node(False)], [], None, None))
    if names[:1] == ["trigger"]:
        return told_by(origin, names[1:]) if names[1:] else origin.root
    raise Unsupported("how much time of a wait was left is not known")


def _trigger(self: Rewriting, names: list[str]) -> nodes.Node:
    return told_by(self.view.origin, names)


def _state(self: Rewriting, names: list[str]) -> nodes.Node:
    known = self.view.state
    assert known is not None
    return _path_of(self, known, names)


def _context(self: Rewriting, names: list[str]) -> nodes.Node:
    """The id of what goes on here: that of the run, as good a mark for answers to it."""
    if names != ["id"]:
        raise Unsupported("who caused it is not known here")
    return nodes.Getattr(nodes.Name("run", "load"), "id", "load")


def _path_of(self: Rewriting, known: Known, names: list[str]) -> nodes.Node:
    return _path(self, [*known.id.split(".", 1), *names])


def called(self: Rewriting, name: str, args: list[nodes.Expr]) -> nodes.Node:
    """What stands for a call of one of Home Assistant's functions."""
    rule, needed = CALLS[name]
    if len(args) < needed:
        raise Unsupported(f"`{name}` needs {needed} arguments")
    return rule(self, args)


Rule = Callable[["Rewriting", list[nodes.Expr]], nodes.Node]
CALLS: Mapping[str, tuple[Rule, int]] = {
    "states": (_states, 1), "is_state": (_is_state, 2), "state_attr": (_state_attr, 2),
    "is_state_attr": (_is_state_attr, 3), "has_value": (_has_value, 1),
}  # fmt: skip
"""Functions that look states up, and how many arguments each needs."""

ROOTS: Mapping[str, Callable[[Rewriting, list[str]], nodes.Node]] = {
    "states": _path, "trigger": _trigger, "wait": _wait, "state": _state, "context": _context,
}  # fmt: skip
