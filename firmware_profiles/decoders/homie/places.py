"""Topics of Homie: which level is the device, the node, the property or an attribute."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["value", "attribute", "command", "broadcast"]

# attributes that only a device has, or only a node, or only a property: they show the base
_DEVICE = frozenset(
    {"homie", "state", "nodes", "localip", "mac", "fw", "implementation", "stats", "online"}
    | {"extensions", "description", "alert", "log", "signal", "uptime"}
)
_NODE = frozenset({"properties", "type", "array"})
_PROPERTY = frozenset({"datatype", "format", "unit", "settable", "retained", "target"})


class Place(NamedTuple):
    """What a topic speaks of; `rest` is the attribute without `$` (`fw/name`), or a subtopic."""

    kind: Kind
    base: str
    device: str
    node: str = ""
    property: str = ""
    rest: str = ""


def place(base: str, topic: str) -> Place | None:
    """What a topic under a base speaks of; None for what the convention does not know."""
    device, *levels = topic[len(base) + 1 :].split("/")
    if device == "$broadcast":
        return Place("broadcast", base, device, rest="/".join(levels))
    if not device or device.startswith("$") or not levels:
        return None
    if levels[-1] == "set" and len(levels) > 1:
        return Place("command", base, device)
    at = next((index for index, level in enumerate(levels) if level.startswith("$")), None)
    if at is None:
        return Place("value", base, device, *levels) if len(levels) == 2 else None
    if at > 2:
        return None
    node, property = [*levels[:at], "", ""][:2]
    return Place("attribute", base, device, node, property, "/".join(levels[at:])[1:])


def base_of(topic: str) -> str:
    """The base that an attribute's topic shows by its name; empty: it is no Homie attribute.

    Where devices, nodes and properties share an attribute (`$name`) the base is taken to have
    one level, as the convention wants it.
    """
    levels = topic.split("/")
    at = next((index for index, level in enumerate(levels) if level.startswith("$")), 0)
    name = levels[at].removeprefix("$")
    above = 1 if name in _DEVICE else 2 if name in _NODE else 3 if name in _PROPERTY else 0
    if name == "name" and 2 <= at <= 4:
        above = at - 1
    return "/".join(levels[: at - above]) if 0 < above < at else ""
