"""What Homie devices said of themselves: devices, nodes and properties with their attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from firmware_profiles.decoders.homie.meaning import Meaning, meaning
from firmware_profiles.vocabulary import unit_of
from schemas.device import Announcement, Entity

_DEVICES_MAX = 5_000
_PROPERTIES_MAX = 1_000


class Property(Struct):
    """One property: its attributes, and what its values mean by them."""

    node: str
    id: str
    attributes: dict[str, str] = field(default_factory=dict)
    known: Meaning | None = None

    def meaning(self) -> Meaning:
        """What a value is, worked out again when an attribute has changed."""
        if self.known is None:
            self.known = meaning(self.node, self.id, self.attributes)
        return self.known

    def tell(self, attribute: str, value: str) -> None:
        """Take in one attribute; an empty one is gone."""
        self.known = None
        if value:
            self.attributes[attribute] = value
        else:
            self.attributes.pop(attribute, None)

    @property
    def settable(self) -> bool:
        """Whether it takes commands."""
        return self.attributes.get("settable") == "true"


class HomieDevice(Struct):
    """One device: where its topics are, its attributes and its properties by node and id."""

    base: str
    id: str
    key: str
    attributes: dict[str, str] = field(default_factory=dict)
    properties: dict[tuple[str, str], Property] = field(default_factory=dict)
    root: str = ""

    def property(self, node: str, id: str) -> Property:
        """A property, made when it is first heard of."""
        found = self.properties.get((node, id))
        if found is None:
            found = Property(node, id)
            if len(self.properties) < _PROPERTIES_MAX:
                self.properties[node, id] = found
            self._inherit(found)
        return found

    def describe(self, document: Mapping[str, Any]) -> None:
        """Take in a description document (Homie 5); what it does not name is gone."""
        self.root = str(document.get("root") or "")
        self.attributes["name"] = str(document.get("name") or "")
        self.attributes["homie"] = str(document.get("homie") or "")
        told = dict(_described(document))
        for place in [place for place in self.properties if place not in told]:
            del self.properties[place]
        for (node, id), attributes in told.items():
            known = self.property(node, id)
            known.attributes, known.known = attributes, None

    def announcement(self, firmware: str) -> Announcement:
        """The device as the registry takes it in."""
        return Announcement(
            device=self.id,
            key=self.key,
            name=self.attributes.get("name") or self.id,
            model=self.attributes.get("fw/name", ""),
            manufacturer=self.attributes.get("implementation", ""),
            entities=tuple(_entity(each) for each in self.properties.values() if each.attributes),
        )

    def _inherit(self, member: Property) -> None:
        """`lights_0` is one of the array `lights`, whose attributes hold for it too (Homie 2, 3).

        `$properties` may hold arrays as well (`led[1-3]`, Homie 2).
        """
        for node, id in ((_stem(member.node), member.id), (member.node, _stem(member.id))):
            origin = self.properties.get((node, id))
            if origin is not None and origin is not member:
                member.attributes = dict(origin.attributes)
                return


class Tree:
    """The devices of all bases."""

    def __init__(self, firmware: str) -> None:
        self.firmware = firmware
        self.devices: dict[tuple[str, str], HomieDevice] = {}

    def device(self, base: str, id: str) -> HomieDevice:
        """A device, made when it is first heard of."""
        found = self.devices.get((base, id))
        if found is None:
            found = HomieDevice(base, id, f"{self.firmware}:{id}")
            if len(self.devices) < _DEVICES_MAX:
                self.devices[base, id] = found
        return found

    def named(self, id: str) -> HomieDevice | None:
        """A device by its id; the one that described itself where several have it."""
        found = [each for each in self.devices.values() if each.id == id]
        return max(found, key=lambda each: len(each.attributes), default=None)

    def behind(self, root: HomieDevice) -> list[str]:
        """The keys of all devices that a root device carries."""
        return [
            each.key
            for each in self.devices.values()
            if each.base == root.base and each.root == root.id
        ]


def _stem(id: str) -> str:
    stem, _, number = id.rpartition("_")
    return stem if number.isdecimal() else id


def _described(document: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], dict[str, str]]]:
    for node, about in _members(document.get("nodes")):
        for id, told in _members(about.get("properties")):
            attributes = {key: _attribute(value) for key, value in told.items()}
            yield (node, id), attributes | {"homie": "5"}


def _members(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, each in value.items() if isinstance(value, dict) else ():
        if isinstance(each, dict):
            yield str(key), each


def _attribute(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _entity(property: Property) -> Entity:
    means = property.meaning()
    form = property.attributes.get("format", "")
    low, colon, high = form.partition(":")
    enumerated = property.attributes.get("datatype") == "enum"
    return Entity(
        property=means.property,
        instance=means.instance,
        component=property.attributes.get("datatype"),
        unit=means.unit if means.unit is not None else unit_of(means.property),
        name=property.attributes.get("name") or property.id,
        settable=property.settable,
        values=tuple(word.strip() for word in form.split(",")) if enumerated and form else (),
        minimum=_limit(low) if colon else None,
        maximum=_limit(high.partition(":")[0]) if colon else None,
    )


def _limit(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
