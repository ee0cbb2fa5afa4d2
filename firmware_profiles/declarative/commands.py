"""Command rules: from a property or a verb to the message a profile describes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from firmware_profiles.contract import Unsupported
from firmware_profiles.templates import Template
from firmware_profiles.units import from_canonical, number
from firmware_profiles.values import text
from firmware_profiles.vocabulary import unit_of
from schemas.device import Command, Publication
from schemas.profile import CommandRule

_STATES = {
    "turn_on": "on", "turn_off": "off", "toggle": "toggle", "open": "open", "close": "closed",
    "stop": "stopped", "lock": "locked", "unlock": "unlocked",
}  # fmt: skip


def encode(
    rules: Iterable[CommandRule], command: Command, parts: Mapping[str, str]
) -> list[Publication]:
    """The messages of a command; `parts` fill the holes of topics and payloads.

    Raises:
        Unsupported: no rule for it, or a topic part or number is missing.
    """
    if command.raw is not None:
        return [_raw(command.raw)]
    filled = dict(parts)
    if command.instance is not None:
        filled["instance"] = command.instance
    rules = list(rules)
    sent = [
        _publication(_setter(rules, property), property, value, filled)
        for property, value in command.set.items()
        if command.do is None or any(rule.set == property for rule in rules)
    ]
    if command.do is not None:
        extras = {name: text(value) or "" for name, value in command.set.items()}
        sent.append(_verb(rules, command.do, {**extras, **filled}))
    if not sent:
        raise Unsupported("the command says nothing: give `set` or `do`")
    return sent


def _raw(raw: Mapping[str, Any]) -> Publication:
    if not raw.get("topic"):
        raise Unsupported("`raw` needs a `topic`")
    return Publication(str(raw["topic"]), _wire(raw.get("payload", "")))


def _setter(rules: list[CommandRule], property: str) -> CommandRule:
    for rule in rules:
        if rule.set == property:
            return rule
    known = ", ".join(sorted({rule.set for rule in rules if rule.set})) or "nothing"
    raise Unsupported(f"`{property}` cannot be set; the profile has {known}")


def _verb(rules: list[CommandRule], verb: str, parts: Mapping[str, str]) -> Publication:
    for rule in rules:
        if verb in ([rule.do] if isinstance(rule.do, str) else rule.do):
            return _sent(rule, rule.values.get(verb, verb), parts)
    for rule in rules:
        if rule.set == "state" and verb in _STATES:
            word = _STATES[verb]
            if word in rule.values or verb in rule.values or word in ("on", "off"):
                return _sent(rule, rule.values.get(verb, _worded(rule, word)), parts)
    known = sorted({each for rule in rules for each in _verbs(rule)})
    raise Unsupported(
        f"`{verb}` is nothing the profile can do; it has {', '.join(known) or 'none'}"
    )


def _verbs(rule: CommandRule) -> list[str]:
    if rule.set == "state":
        return ["turn_on", "turn_off"]
    return [rule.do] if isinstance(rule.do, str) and rule.do else list(rule.do)


def _publication(
    rule: CommandRule, property: str, value: Any, parts: Mapping[str, str]
) -> Publication:
    return _sent(rule, _worded(rule, _raw_value(rule, property, value)), parts)


def _worded(rule: CommandRule, value: Any) -> Any:
    key = ("true" if value else "false") if isinstance(value, bool) else str(value)
    if key in rule.values:
        return rule.values[key]
    if rule.set == "state" and isinstance(value, bool):
        return rule.values.get("on" if value else "off", value)
    return value


def _raw_value(rule: CommandRule, property: str, value: Any) -> Any:
    """The value in the firmware's own scale and unit."""
    scaled = rule.scale is not None or rule.unit or rule.factor != 1 or rule.offset
    plain = None if isinstance(value, bool) else number(value)
    if plain is None:
        if scaled and str(value) not in rule.values:
            raise Unsupported(f"`{property}` takes a number, not {value!r}")
        return value
    if rule.scale is not None:
        plain = plain * rule.scale / 100
    if rule.unit:
        plain = from_canonical(rule.unit, unit_of(property))(plain) or 0
    plain = (plain - rule.offset) / rule.factor if scaled else plain
    return _rounded(plain, rule.digits) if scaled or rule.digits else _short(plain)


def _rounded(value: float, digits: int) -> float | int:
    return round(value, digits) if digits else round(value)


def _short(value: float) -> float | int:
    return int(value) if float(value).is_integer() else value


def _sent(rule: CommandRule, value: Any, parts: Mapping[str, str]) -> Publication:
    topic = Template(rule.topic).bound(parts)
    if topic.holes:
        raise Unsupported(f"the topic `{rule.topic}` needs `{topic.holes[0]}`")
    payload = _filled(rule.payload, value, parts)
    return Publication(topic.source, _wire(payload), rule.qos, rule.retain)


def _filled(payload: Any, value: Any, parts: Mapping[str, str]) -> Any:
    """The payload with its holes filled; `{value}` alone keeps its type."""
    if isinstance(payload, dict):
        return {key: _filled(each, value, parts) for key, each in payload.items()}
    if isinstance(payload, list):
        return [_filled(each, value, parts) for each in payload]
    if not isinstance(payload, str):
        return payload
    if payload == "{value}":
        return value
    shown = _wire(value)
    return Template(payload).bound({**parts, "value": shown}).source


def _wire(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
