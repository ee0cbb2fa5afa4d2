"""Commands to Homie: …/NODE/PROPERTY/set with what the property's data type writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from firmware_profiles.contract import Unsupported
from firmware_profiles.decoders.homie.tree import HomieDevice, Property
from schemas.device import Command, Publication

_VERBS: dict[str, tuple[str, Any]] = {
    "turn_on": ("state", "on"),
    "turn_off": ("state", "off"),
    "lock": ("child_lock", True),
    "unlock": ("child_lock", False),
}
_USUAL_SWITCH = "power"  # the convention's own example, where a device said nothing of itself


def encode(device: HomieDevice, command: Command) -> list[Publication]:
    """A message for each property.

    Raises:
        Unsupported: no settable property is meant, or it does not take such a value.
    """
    if command.raw is not None:
        return [_raw(device, command.raw)]
    wanted = dict(command.set)
    if command.do in _VERBS:
        property, value = _VERBS[command.do]
        wanted[property] = value
    elif command.do is not None:
        property, value = _named(device, command.do, command.instance)
        wanted[property] = value
    if not wanted:
        raise Unsupported(f"the command to {device.id} says nothing: give `set` or `do`")
    return [_set(device, name, value, command.instance) for name, value in wanted.items()]


def _set(device: HomieDevice, name: str, value: Any, instance: str | None) -> Publication:
    target = next(_meant(device, name, instance), None) or _guessed(device, name, instance)
    wire = target.meaning().wire(value)
    if wire is None:
        raise Unsupported(f"`{name}` of {device.id} cannot be {value!r}")
    return _to(device, target, wire)


def _to(device: HomieDevice, target: Property, wire: str) -> Publication:
    retained = target.attributes.get("retained") != "false"
    topic = f"{device.base}/{device.id}/{target.node}/{target.id}/set"
    return Publication(topic, wire, qos=1 if retained else 0)


def _meant(device: HomieDevice, name: str, instance: str | None) -> Iterator[Property]:
    for each in device.properties.values():
        means = each.meaning()
        places = (None, means.instance, each.node, f"{each.node}/{each.id}")
        if each.settable and name in (means.property, each.id) and instance in places:
            yield each


def _guessed(device: HomieDevice, name: str, instance: str | None) -> Property:
    """The property of a device that did not describe itself: its node has to be named."""
    if any(each.attributes for each in device.properties.values()):
        raise Unsupported(f"{device.id} has no settable `{name}`: it can set {_settable(device)}")
    if not instance:
        raise Unsupported(f"{device.id} has not described itself: name the node as `instance`")
    node, _, id = instance.partition("/")
    id = id or (_USUAL_SWITCH if name == "state" else name)
    known = {"datatype": "boolean", "settable": "true"} if name == "state" else {}
    return Property(node, id, known)


def _named(device: HomieDevice, verb: str, instance: str | None) -> tuple[str, Any]:
    """A verb as a property of that name, or as a word of a settable enumeration."""
    for each in device.properties.values():
        words = each.attributes.get("format", "").split(",")
        fits = instance in (None, each.node, each.meaning().instance)
        if each.settable and fits and each.attributes.get("datatype") == "enum":
            found = next((word for word in words if word.casefold() == verb.casefold()), None)
            if found is not None:
                return each.id, found
    raise Unsupported(
        f"`{verb}` is nothing that {device.id} can do: it can set {_settable(device)}"
    )


def _settable(device: HomieDevice) -> str:
    names = [each.meaning().property for each in device.properties.values() if each.settable]
    return ", ".join(dict.fromkeys(names)) or "nothing"


def _raw(device: HomieDevice, raw: dict[str, Any]) -> Publication:
    topic, payload = raw.get("topic"), raw.get("payload", "")
    if not topic:
        raise Unsupported(f"a raw command to {device.id} needs a `topic`")
    wire = payload if isinstance(payload, str | bytes) else msgspec.json.encode(payload)
    return Publication(str(topic), wire)
