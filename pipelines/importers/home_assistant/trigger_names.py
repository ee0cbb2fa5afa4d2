"""What a template says about `trigger` and `wait`, in our words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from jinja2 import nodes
from msgspec import Struct

from pipelines.importers.home_assistant.entities import Known
from pipelines.importers.home_assistant.jinja_nodes import as_node, call, compare
from pipelines.importers.home_assistant.state_words import property_of, text_value
from pipelines.importers.home_assistant.unsupported import Unsupported


class Told(Struct, frozen=True):
    """What one trigger can tell: its kind there, its id here, the entities it watches."""

    kind: str
    id: str
    entities: tuple[Known, ...] = ()
    attribute: str | None = None


class Origin(Struct, frozen=True):
    """An expression that holds what a trigger told, and the triggers that may have."""

    root: nodes.Expr
    told: Sequence[Told]

    def member(self, name: str) -> nodes.Getattr:
        """`trigger.NAME`."""
        return nodes.Getattr(self.root, name, "load")

    def kinds(self) -> set[str]:
        """The kinds of triggers it may come from."""
        return {told.kind for told in self.told}

    def sample(self) -> Known | None:
        """An entity whose words are those of all that are watched; None where they differ."""
        watched = [known for told in self.told for known in told.entities]
        alike = {tuple(sorted(known.words.items())) for known in watched}
        return watched[0] if watched and len(alike) == 1 else None


_PAYLOAD = {"payload", "payload_json", "json", "data", "query"}
_SAME = {
    "id", "topic", "payload", "value", "previous", "ts", "name", "text", "device", "property",
    "key", "raw", "slots",
}  # fmt: skip


def chain(node: nodes.Node) -> tuple[nodes.Node, list[str]]:
    """The root of look-ups and the names looked up: `a.b['c']` is (a, [b, c])."""
    names: list[str] = []
    while True:
        if isinstance(node, nodes.Getattr):
            names.append(node.attr)
        elif (
            isinstance(node, nodes.Getitem)
            and isinstance(node.arg, nodes.Const)
            and isinstance(node.arg.value, str)
        ):
            names.append(node.arg.value)
        else:
            return node, names[::-1]
        node = node.node


def after(node: nodes.Expr, names: Sequence[str]) -> nodes.Expr:
    """Look-ups put after an expression."""
    for name in names:
        node = (
            nodes.Getattr(node, name, "load")
            if name.isidentifier()
            else nodes.Getitem(node, as_node(name), "load")
        )
    return node


def told_by(origin: Origin, names: Sequence[str], *, raw: bool = False) -> nodes.Expr:
    """What stands for `trigger.NAMES`; `raw`: a state as the value here, to be compared."""
    first, rest = (names[0], names[1:]) if names else ("", ())
    if rule := _RULES.get(first):
        return rule(origin, rest, raw)
    if first in _PAYLOAD:
        return after(origin.member("payload"), rest)
    if first in _SAME:
        return after(origin.member(first), rest)
    raise Unsupported(f"`trigger.{'.'.join(names)}` has no equivalent")


def _state(member: str) -> Callable[[Origin, Sequence[str], bool], nodes.Expr]:
    def state(origin: Origin, rest: Sequence[str], raw: bool) -> nodes.Expr:
        value, sample = origin.member(member), origin.sample()
        if rest in ([], ["state"], ("state",)):
            return value if raw or sample is None else text_value(value, sample)
        if rest[0] in ("last_changed", "last_updated"):
            return call("as_datetime", origin.member("ts"))
        if rest[0] in ("entity_id", "object_id", "name"):
            return _who(origin, (), raw)
        if rest[0] == "attributes" and len(rest) > 1:
            return _attribute(origin, value, rest[1:])
        raise Unsupported(f"`trigger.to_state.{'.'.join(rest)}` has no equivalent")

    return state


def _attribute(origin: Origin, value: nodes.Expr, names: Sequence[str]) -> nodes.Expr:
    if names[0] == "friendly_name":
        return _who(origin, (), False)
    watched = {told.attribute for told in origin.told}
    if watched == {names[0]} or (names[0] == "event_type" and _only(origin, "event")):
        return after(value, names[1:])
    watched_by = [known for told in origin.told for known in told.entities]
    if not watched_by or not all(known.target.is_device() for known in watched_by):
        raise Unsupported(f"triggers tell no attributes (`{names[0]}`)")
    property = property_of(watched_by[0], names[0])
    return after(call("reading", origin.member("device"), property, default=None), names[1:])


def _only(origin: Origin, domain: str) -> bool:
    return all(known.domain == domain for told in origin.told for known in told.entities)


def _who(origin: Origin, rest: Sequence[str], raw: bool) -> nodes.Expr:
    """The entity that changed: its device, or the key of what is remembered."""
    watched = [known.target for told in origin.told for known in told.entities]
    by_device = [target for target in watched if target.is_device()]
    if by_device and len(by_device) == len(watched):
        return origin.member("device")
    if watched and not by_device:
        return origin.member("key")
    device, key = origin.member("device"), origin.member("key")
    return nodes.Filter(device, "default", [key], [], None, None)


def _event(origin: Origin, rest: Sequence[str], raw: bool) -> nodes.Expr:
    if rest and rest[0] == "data":
        return after(origin.member("payload"), rest[1:])
    if rest and rest[0] == "event_type":
        return origin.member("name")
    raise Unsupported("of an event only `data` and `event_type` are known")


def _platform(origin: Origin, rest: Sequence[str], raw: bool) -> nodes.Expr:
    """The kind of a trigger, told by its id."""
    kinds = sorted(origin.kinds())
    if not kinds:
        raise Unsupported("there is no trigger whose kind could be told")
    if len(kinds) == 1:
        return as_node(kinds[0])
    found: nodes.Expr = as_node(kinds[-1])
    for kind in kinds[:-1]:
        ids = [told.id for told in origin.told if told.kind == kind]
        test = compare(origin.member("id"), *_one_of(ids))
        found = nodes.CondExpr(test, as_node(kind), found)
    return found


def _one_of(ids: list[str]) -> tuple[str, object]:
    return ("eq", ids[0]) if len(ids) == 1 else ("in", ids)


_RULES: Mapping[str, Callable[[Origin, Sequence[str], bool], nodes.Expr]] = {
    "to_state": _state("value"),
    "from_state": _state("previous"),
    "entity_id": _who,
    "event": _event,
    "platform": _platform,
    "idx": lambda origin, rest, raw: origin.member("id"),
    "now": lambda origin, rest, raw: call("as_datetime", origin.member("ts")),
    "sentence": lambda origin, rest, raw: origin.member("text"),
}
