"""Commands by discovery: each entity's topics, payloads and command templates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from firmware_profiles.contract import Unsupported
from firmware_profiles.decoders.ha_discovery.parts import Thing
from schemas.device import Command, Publication

_MOMENTARY = ("button", "scene", "notify")  # these are turned on only if nothing else can be
_STATES = {
    "turn_on": "on", "turn_off": "off", "open": "open", "close": "closed", "stop": "stopped",
    "lock": "locked", "unlock": "unlocked",
}  # fmt: skip


def encode(device: str, things: list[Thing], command: Command) -> list[Publication]:
    """The messages that carry out a command on a device's entities.

    Raises:
        Unsupported: no entity takes it; the text says what they take.
    """
    if command.raw is not None:
        return [_raw(device, command.raw)]
    meant = [thing for thing in things if _is(thing, command.instance)] or things
    meant.sort(key=lambda thing: thing.config.component in _MOMENTARY)
    wanted, sent = dict(command.set), list[Publication]()
    if command.do is not None:
        done = _done(device, meant, command.do, wanted)
        if isinstance(done, Publication):
            sent.append(done)
        else:
            wanted["state"] = done
    sent += _set(device, meant, wanted, command)
    if not sent:
        raise Unsupported(f"the command to {device} says nothing: give `set` or `do`")
    return sent


def _is(thing: Thing, instance: str | None) -> bool:
    config = thing.config
    names = (thing.instance, config.object, config.text("name"), config.text("unique_id"))
    placed = {source.instance for source in thing.sources}
    return instance is None or instance in names or instance in placed


def _done(device: str, things: list[Thing], verb: str, wanted: dict[str, Any]) -> Any:
    """The message of a verb, or the state that it is."""
    state = _STATES.get(verb)
    for thing in things:
        if verb == "toggle" and "state" in thing.setters and thing.on is not None:
            return "off" if thing.on else "on"
        if state and thing.wrap is not None and "state" in thing.setters:
            return state
        if state and wanted and thing.wrap is None and "state" in thing.setters:
            return state
        if verb in thing.verbs:
            return _publication(thing, *thing.verbs[verb])
    if verb == "toggle" and any("state" in thing.setters for thing in things):
        raise Unsupported(f"{device} has not told its state yet, so it cannot be toggled")
    can = sorted({word for thing in things for word in thing.verbs} | _wrapped(things))
    raise Unsupported(f"`{verb}` is nothing that {device} can do: {', '.join(can) or 'nothing'}")


def _wrapped(things: Iterable[Thing]) -> set[str]:
    return {"turn_on", "turn_off"} if any(thing.wrap for thing in things) else set()


def _set(
    device: str, things: list[Thing], wanted: dict[str, Any], command: Command
) -> list[Publication]:
    sent: list[Publication] = []
    together: dict[str, tuple[Thing, dict[str, Any]]] = {}
    for property, value in wanted.items():
        names = (f"{property}@{command.instance}", property)
        found = [(each, name) for name in names for each in things if name in each.setters]
        if not found:
            can = sorted({name for each in things for name in each.setters})
            raise Unsupported(
                f"{device} has no settable `{property}`: it can set {', '.join(can) or 'nothing'}"
            )
        thing, name = found[0]
        setter = thing.setters[name]
        plain = setter.write(value)
        if plain is None:
            raise Unsupported(f"`{property}` of {device} cannot be {value!r}")
        if thing.wrap is not None and isinstance(plain, dict):
            together.setdefault(thing.config.id, (thing, {}))[1].update(plain)
        else:
            sent += _beside(thing, property, wanted, _publication(thing, setter.topic, plain))
    for thing, payload in together.values():
        text = thing.wrap(payload, command.transition) if thing.wrap else None
        if text is None:
            raise Unsupported(f"{device} has no template for this command")
        sent.append(_publication(thing, thing.setters["state"].topic, text))
    return sent


def _beside(
    thing: Thing, property: str, wanted: dict[str, Any], said: Publication
) -> list[Publication]:
    """A light with topics of its own for values is switched on as its `on_command_type` says."""
    if thing.config.component != "light" or property == "state" or "state" in wanted:
        return [said]
    kind, on = thing.config.text("on_command_type", "last"), thing.verbs.get("turn_on")
    if on is None or kind == "brightness":
        return [said]
    lit = _publication(thing, *on)
    return [lit, said] if kind == "first" else [said, lit]


def _publication(thing: Thing, topic: str, payload: Any) -> Publication:
    text = payload if isinstance(payload, str) else msgspec.json.encode(payload).decode()
    qos, retain = thing.config.options.get("qos"), thing.config.options.get("retain")
    return Publication(
        topic,
        text,
        qos=qos if isinstance(qos, int) and 0 <= qos <= 2 else 0,
        retain=str(retain).lower() == "true",
    )


def _raw(device: str, raw: dict[str, Any]) -> Publication:
    topic, payload = raw.get("topic"), raw.get("payload", "")
    if not topic:
        raise Unsupported(f"a raw command to {device} needs a `topic`")
    wire = payload if isinstance(payload, str | bytes) else msgspec.json.encode(payload)
    return Publication(str(topic), wire)
