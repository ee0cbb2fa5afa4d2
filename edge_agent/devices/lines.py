"""`hearth decode` and `hearth encode`: one JSON object in, one out, each with a fresh state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from firmware_profiles.contract import Unsupported
from firmware_profiles.payloads import parse
from firmware_profiles.profiles import Profiles
from firmware_profiles.units import to_canonical
from firmware_profiles.vocabulary import unit_of
from schemas.device import Command, Decoded
from schemas.profile import Profile

UNKNOWN = "unknown"
_NOT_EXTRA = {"action", "property", "value", "unit", "instance", "node", "transition", "set", "do"}


def decode_line(line: Mapping[str, Any], profiles: Sequence[Profile]) -> dict[str, Any]:
    """What one message says: `{topic, payload, retain, setup}` to the fields of contract.md §3.

    A message of no known firmware is answered too, with firmware and channel `unknown`.
    """
    known = Profiles(profiles)
    _prepare(known, line.get("setup"))
    topic, raw = str(line.get("topic", "")), wire(line.get("payload"))
    said = known.decode(topic, raw, parse(raw), bool(line.get("retain")))
    if said is None:
        return {"firmware": UNKNOWN, "device": topic, "channel": UNKNOWN, "readings": []}
    return told(said)


def explain_line(line: Mapping[str, Any], profiles: Sequence[Profile]) -> dict[str, Any]:
    """As `decode_line`, with `rule` (what read the topic) and `explain`: key by key, the readings
    that came of it."""
    known = Profiles(profiles)
    _prepare(known, line.get("setup"))
    topic, raw = str(line.get("topic", "")), wire(line.get("payload"))
    payload, answer = parse(raw), decode_line(line, profiles)
    answer["rule"] = known.rule(topic)
    answer["explain"] = [
        {"key": key, "value": value, "readings": _of_key(known, topic, key, value, answer)}
        for key, value in (payload.items() if isinstance(payload, dict) else ())
    ]
    return answer


def _of_key(
    known: Profiles, topic: str, key: str, value: Any, answer: Mapping[str, Any]
) -> list[dict[str, Any]]:
    alone = {key: value}
    said = known.decode(topic, wire(alone), alone, False)
    found = [msgspec.to_builtins(reading) for reading in said.readings] if said else []
    return [reading for reading in found if reading in answer["readings"]]


def encode_line(line: Mapping[str, Any], profiles: Sequence[Profile]) -> dict[str, Any]:
    """The message of one command: `{firmware, device, intent, setup}` to topic, payload, retain.

    Raises:
        LookupError: no profile for the firmware, or it cannot do this; the text says which.
    """
    known = Profiles(profiles)
    _prepare(known, line.get("setup"))
    intent = line.get("intent")
    if not isinstance(intent, Mapping):
        raise Unsupported("the line needs an `intent`")
    sent = known.encode(
        str(line.get("firmware", "")), str(line.get("device", "")), command_of(intent)
    )
    first, *others = (
        {"topic": p.topic, "payload": _text(p.payload), "retain": p.retain} for p in sent
    )
    return first | ({"more": others} if others else {})


def command_of(intent: Mapping[str, Any]) -> Command:
    """The command of `{action: set, property, value, unit, instance}` or `{action: VERB, …}`."""
    action = str(intent.get("action") or intent.get("do") or "set")
    wanted: dict[str, Any] = dict(intent.get("set") or {})
    if action == "set" and "property" in intent:
        property = str(intent["property"])
        wanted[property] = _canonical(property, intent.get("value"), intent.get("unit"))
    elif action != "set":
        wanted |= {key: intent[key] for key in intent if key not in _NOT_EXTRA or key == "value"}
    instance = intent.get("instance", intent.get("node"))
    transition = intent.get("transition")
    return Command(
        set=wanted,
        do=None if action == "set" else action,
        instance=None if instance is None else str(instance),
        transition=float(transition) if isinstance(transition, int | float) else None,
    )


def told(said: Decoded) -> dict[str, Any]:
    """A decoded message as `hearth decode` prints it."""
    answer: dict[str, Any] = msgspec.to_builtins(said)
    answer.pop("cascade", None)
    answer.pop("behind", None)
    answer.pop("former", None)
    answer.pop("via", None)
    details: dict[str, Any] = answer.pop("details", {})
    answer["readings"] = [msgspec.to_builtins(reading) for reading in said.readings]
    if "entities" in answer:
        answer["entities"] = [entity.pop("config", {}) | entity for entity in answer["entities"]]
    return details | answer


def wire(payload: Any) -> bytes:
    """A payload of a line as the bytes on the wire."""
    if payload is None:
        return b""
    if isinstance(payload, str):
        return payload.encode("utf-8", "surrogateescape")
    return payload if isinstance(payload, bytes) else msgspec.json.encode(payload)


def _prepare(profiles: Profiles, setup: Any) -> None:
    messages: Iterable[Any] = setup if isinstance(setup, list) else ()
    for message in messages:
        if not isinstance(message, Mapping):
            continue
        raw = wire(message.get("payload"))
        profiles.decode(
            str(message.get("topic", "")), raw, parse(raw), bool(message.get("retain", True))
        )


def _canonical(property: str, value: Any, unit: Any) -> Any:
    canonical = unit_of(property)
    if not isinstance(unit, str) or unit == (canonical or "") or isinstance(value, bool):
        return value
    try:
        return to_canonical(unit, canonical)(value)
    except ValueError:
        return value


def _text(payload: bytes | str) -> str:
    return payload if isinstance(payload, str) else payload.decode("utf-8", "backslashreplace")
