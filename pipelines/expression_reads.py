"""What an expression looks at in the home: the readings and remembered values it names."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes
from msgspec import Struct

_ARGUMENTS = {"reading": ("device", "property"), "available": ("device",), "memory": ("key",)}


class Given(Struct, frozen=True):
    """A name that an input of the pipeline gives."""

    input: str


Named = str | Given | None
"""A name as it stands in an expression; None where it is worked out only when it runs."""


class Reads(Struct, frozen=True):
    """The (device, property) pairs and memory keys an expression depends on, beside the time.

    `anything`: they cannot all be told.
    """

    readings: frozenset[tuple[Named, Named]] = frozenset()
    memory: frozenset[Named] = frozenset()
    anything: bool = False


ANYTHING = Reads(anything=True)


def reads_of(tree: nodes.Template) -> Reads:
    """What a parsed expression depends on."""
    calls = [call for call in tree.find_all(nodes.Call) if _function(call) in _ARGUMENTS]
    named = [name for name in tree.find_all(nodes.Name) if name.name in _ARGUMENTS]
    if len(named) != len(calls) or any(call.dyn_args or call.dyn_kwargs for call in calls):
        return ANYTHING
    keys = [tuple(_arguments(call)) for call in calls]
    memory = frozenset(key[0] for key in keys if len(key) == 1)
    if None in memory:
        return ANYTHING
    readings = frozenset((key[0], key[1]) for key in keys if len(key) == 2)
    return Reads(readings, memory)


def _arguments(call: nodes.Call) -> Iterator[Named]:
    function = _function(call)
    by_name = {pair.key: pair.value for pair in call.kwargs}
    for index, name in enumerate(_ARGUMENTS[function]):
        yield _name(call.args[index] if index < len(call.args) else by_name.get(name))
    if function == "available":
        yield "available"


def _name(node: nodes.Node | None) -> Named:
    match node:
        case nodes.Const(value=str(text)):
            return text
        case nodes.Getattr(node=nodes.Name(name="inputs"), attr=name):
            return Given(name)
        case nodes.Getitem(node=nodes.Name(name="inputs"), arg=nodes.Const(value=str(name))):
            return Given(name)
    return None


def _function(call: nodes.Call) -> str:
    return call.node.name if isinstance(call.node, nodes.Name) else ""
