"""bridge/devices and bridge/groups: the members they list and what these announce."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from firmware_profiles.decoders.zigbee2mqtt.network import Member, Network
from firmware_profiles.vocabulary import unit_of
from schemas.device import Announcement, Entity

_SETTABLE = 2  # bit of an expose's `access`: 1 published, 2 can be set, 4 can be asked for


def devices(payload: Iterable[Any], network: Network) -> tuple[list[Member], list[Announcement]]:
    """The devices of a list; the coordinator is the bridge, not a device of its own."""
    members, announced = [], []
    for entry in payload:
        if not isinstance(entry, dict) or not isinstance(entry.get("ieee_address"), str):
            continue
        member = _device(entry, network)
        members.append(member)
        announced.append(_announcement(member, entry))
    return members, announced


def groups(payload: Iterable[Any], network: Network) -> tuple[list[Member], list[Announcement]]:
    """The groups of a list; a group takes what its members take."""
    members, announced = [], []
    for entry in payload:
        if not isinstance(entry, dict) or not isinstance(entry.get("friendly_name"), str):
            continue
        name = entry["friendly_name"]
        first = _first_member(entry, network)
        exposes = first.exposes if first else ()
        member = Member(
            name=name,
            key=f"{network.firmware}:{name}",
            rules=network.keys.rules(exposes),
            exposes=exposes,
            entities=first.entities if first else (),
            listed=True,
        )
        members.append(member)
        announced.append(
            Announcement(
                device=name, key=member.key, name=name, model="group", entities=member.entities
            )
        )
    return members, announced


def _device(entry: Mapping[str, Any], network: Network) -> Member:
    address = entry["ieee_address"]
    name = entry.get("friendly_name")
    definition = entry.get("definition")
    found = definition.get("exposes") if isinstance(definition, dict) else None
    exposes = tuple(each for each in _flat(found) if isinstance(each, dict))
    return Member(
        name=name if isinstance(name, str) and name else address,
        key=f"{network.firmware}:{address}",
        rules=network.keys.rules(exposes),
        exposes=exposes,
        entities=tuple(_entities(exposes, network, "")),
        listed=True,
        endpoints=frozenset(_endpoints(exposes)),
        details={"ieee_address": address},
    )


def _announcement(member: Member, entry: Mapping[str, Any]) -> Announcement:
    definition = entry.get("definition")
    known = definition if isinstance(definition, dict) else {}
    return Announcement(
        device=member.name,
        key=member.key,
        name=member.name,
        manufacturer=str(known.get("vendor") or entry.get("manufacturer") or ""),
        model=str(known.get("model") or entry.get("model_id") or entry.get("type") or ""),
        entities=member.entities,
    )


def _first_member(entry: Mapping[str, Any], network: Network) -> Member | None:
    listed = entry.get("members")
    for each in listed if isinstance(listed, list) else ():
        address = each.get("ieee_address") if isinstance(each, dict) else None
        member = network.named(str(address))
        if member is not None and member.exposes:
            return member
    return None


def _flat(exposes: Any) -> list[Any]:
    """Exposes as a list; before 1.17 they were sometimes grouped in lists of lists."""
    if not isinstance(exposes, list):
        return []
    return [inner for each in exposes for inner in (each if isinstance(each, list) else [each])]


def _features(expose: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    features = expose.get("features")
    return (
        [each for each in features if isinstance(each, dict)] if isinstance(features, list) else []
    )


def _endpoints(exposes: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for expose in exposes:
        if expose.get("endpoint") is not None:
            yield str(expose["endpoint"])
        yield from _endpoints(_features(expose))


def _entities(
    exposes: Iterable[Mapping[str, Any]], network: Network, parent: str
) -> Iterator[Entity]:
    for expose in exposes:
        kind = str(expose.get("type") or "")
        features = _features(expose)
        if features and kind not in ("composite", "list"):
            yield from _entities(features, network, kind)
        elif isinstance(expose.get("property"), str):
            yield _entity(expose, network, parent or kind)


def _entity(expose: Mapping[str, Any], network: Network, component: str) -> Entity:
    key, name = str(expose["property"]), expose.get("name")
    endpoint = expose.get("endpoint")
    rule = network.keys.guess(key)
    property = rule.property or key
    access, options = expose.get("access"), expose.get("values")
    return Entity(
        property=str(name) if str(name).startswith("color_") and key == "color" else property,
        instance=str(endpoint) if endpoint is not None else rule.instance,
        component=component,
        unit=unit_of(property),
        name=str(expose.get("label") or name or key),
        settable=isinstance(access, int) and bool(access & _SETTABLE),
        values=tuple(options) if isinstance(options, list) else (),
        minimum=_limit(expose.get("value_min")),
        maximum=_limit(expose.get("value_max")),
    )


def _limit(value: Any) -> float | None:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if plain else None
