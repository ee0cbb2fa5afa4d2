"""What a profile says that cannot be: places as paths into its tree, texts and hints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec

from firmware_profiles.declarative.patterns import Pattern
from firmware_profiles.rules import compiled, full
from firmware_profiles.templates import Template
from firmware_profiles.units import from_canonical
from firmware_profiles.vocabulary import TERMS, unit_of
from schemas.profile import CommandRule, Fields, MessageRule, Profile

Path = list[str | int]
Finding = tuple[Path, str, str]


def check(profile: Profile) -> Iterator[Finding]:
    """Everything wrong with a profile beyond its shape."""
    if profile.decoder and find_spec(f"firmware_profiles.decoders.{profile.decoder}") is None:
        yield ["decoder"], f"there is no decoder `{profile.decoder}`", ""
    if profile == Profile(profile=profile.profile, description=profile.description):
        yield [], "a profile needs `messages` or `commands`", ""
    yield from _fields(profile.fields, ["fields"])
    names = {"device", "instance"}
    for index, message in enumerate(profile.messages):
        yield from _message(message, profile, ["messages", index])
        names |= _names(message)
    for index, command in enumerate(profile.commands):
        yield from _command(command, names, ["commands", index])


def _names(message: MessageRule) -> frozenset[str]:
    try:
        return Pattern(message.topic).names
    except ValueError:
        return frozenset()


def _message(message: MessageRule, profile: Profile, at: Path) -> Iterator[Finding]:
    yield from _fields(message.fields, [*at, "fields"])
    for key in ("device", "instance", "property"):
        try:
            Template(getattr(message, key))
        except ValueError as error:
            yield [*at, key], str(error), ""
            return
    try:
        names = Pattern(message.topic).names
    except ValueError as error:
        yield [*at, "topic"], f"`{message.topic}`: {error}", ""
        return
    if not (message.device or profile.device or "device" in names):
        hint = "name a part of the topic `{device}`, or say `device:`"
        yield [*at, "topic"], "nothing says whose messages these are", hint
    missing = [hole for hole in Template(message.property).holes if hole not in names]
    if missing and not message.value:
        hint = f"the topic names {', '.join(sorted(names)) or 'no parts'}"
        yield [*at, "property"], f"the topic has no part `{missing[0]}`", hint


def _fields(fields: Fields, at: Path) -> Iterator[Finding]:
    for key, each in fields.items():
        rule = full(each)
        try:
            compiled(rule)
        except re.error as error:
            yield [*at, key], f"`{key}`: the pattern is wrong: {error}", ""
        except ValueError as error:
            term = TERMS.get(rule.property if rule else "")
            hint = f"`{term.property}` is in {term.unit or 'no unit'}" if term else ""
            yield [*at, key], f"`{key}`: {error}", hint


def _command(command: CommandRule, names: set[str], at: Path) -> Iterator[Finding]:
    if bool(command.set) == bool(command.do):
        yield at, "a command has either `set` or `do`", "set: PROPERTY, or do: [VERB, …]"
    if set(command.topic) & set("+#"):
        yield [*at, "topic"], "a topic to send to has no wildcards", ""
    for hole in Template(command.topic).holes:
        if hole not in names:
            hint = f"known: {', '.join(sorted(names))}"
            yield [*at, "topic"], f"no topic has a part `{hole}`", hint
    if command.unit and command.set:
        try:
            from_canonical(command.unit, unit_of(command.set))
        except ValueError as error:
            yield [*at, "unit"], f"`{command.set}`: {error}", ""
