"""The profiles of a home: the user's own before the shipped ones, read from YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec.structs import replace

import firmware_profiles
from firmware_profiles import generic
from firmware_profiles.check import check
from pipelines.decode import decode
from pipelines.settings import load_devices
from pipelines.source import Reader
from pipelines.tree import Map, Seq, place
from schemas.problem import Position, Problem
from schemas.profile import CommandRule, MessageRule, Profile

SHIPPED = Path(firmware_profiles.__file__).parent / "devices"


def load_profiles(home: Path | None = None) -> tuple[list[Profile], list[Problem]]:
    """The profiles of a home, the user's first (without a home the shipped ones).

    Those with problems are left out. One that has the name of a shipped one is laid over it.
    Devices of `devices.yaml` whose key is `generic-json:TOPIC` have profiles of their own.
    """
    shipped, problems = _read(sorted(SHIPPED.glob("*.yaml")), SHIPPED)
    if home is None:
        return shipped, problems
    own, found = _read(sorted((home / "profiles").glob("*.y*ml")), home)
    devices, _ = load_devices(home)
    named = generic.profiles(device.key for device in devices.values())
    return [*laid_over(own, shipped), *named], problems + found


def laid_over(own: list[Profile], shipped: list[Profile]) -> list[Profile]:
    """The user's profiles, then the shipped ones; of the same name: both as one."""
    below = {profile.profile: profile for profile in shipped if profile.decoder}
    first, changed = [], dict[str, Profile]()
    for profile in own:
        base = changed.get(profile.profile) or below.get(profile.profile)
        if base is not None:
            fields = {**base.fields, **profile.fields}
            options = {**base.options, **profile.options}
            silence = profile.silence or base.silence
            changed[base.profile] = replace(base, fields=fields, options=options, silence=silence)
            profile = replace(profile, decoder="", fields=fields)
        if profile.decoder or profile.messages or profile.commands:
            first.append(profile)
    return first + [changed.get(profile.profile, profile) for profile in shipped]


def _read(paths: list[Path], home: Path) -> tuple[list[Profile], list[Problem]]:
    profiles, problems = [], []
    for path in paths:
        found, wrong = read_profile(path, Reader(home))
        problems += wrong
        if found is not None:
            profiles.append(found)
    return profiles, problems


def read_profile(path: Path, reader: Reader) -> tuple[Profile | None, list[Problem]]:
    """The profile of a file, or every problem in it."""
    before = len(reader.problems)
    tree = reader.load(path)
    problems = reader.problems[before:]
    if tree is None:
        return None, problems or [Problem(Position(reader.name(path), 1, 1), "the file is empty")]
    return decode_profile(tree, Position(reader.name(path), 1, 1))


def decode_profile(tree: Any, at: Position) -> tuple[Profile | None, list[Problem]]:
    """A parsed tree as a profile, or every problem in it."""
    if not isinstance(tree, Map):
        return decode(tree, Profile, at, "profile")
    _spell_out(tree)
    lists: dict[str, list[Any]] = {}
    problems: list[Problem] = []
    rest = _without(tree, ("messages", "commands"))
    for key, struct in (("messages", MessageRule), ("commands", CommandRule)):
        items = tree.get(key) or []
        if not isinstance(items, Seq):
            items = [items] if items else []
        lists[key] = []
        for index, item in enumerate(items):
            rule, wrong = decode(item, struct, place(tree, [key, index], at), key)
            problems += wrong
            lists[key].append(rule)
    head, wrong = decode(rest, Profile, at, "profile")
    problems += wrong
    if head is None or any(problem.severity == "error" for problem in problems):
        return None, problems
    profile = replace(head, **lists)
    found = [Problem(place(tree, path, at), text, hint) for path, text, hint in check(profile)]
    return (None if found else profile), problems + found


def _without(tree: Map, keys: tuple[str, ...]) -> Map:
    rest = Map(tree.at)
    for key, value in tree.items():
        if key not in keys:
            rest.put(key, value, tree.keys_at[key], tree.values_at[key])
    return rest


def _spell_out(tree: Map) -> None:
    """Write the short forms of `fields`, `time` and single items in full."""
    _fields(tree)
    for message in tree.get("messages") or ():
        if isinstance(message, Map):
            _fields(message)
            _time(message)


def _fields(tree: Map) -> None:
    fields = tree.get("fields")
    if not isinstance(fields, Map):
        return
    for key, value in fields.items():
        if value is None or isinstance(value, str):
            at = fields.values_at[key]
            property, _, unit = (value or "").strip().partition(" ")
            fields[key] = _map(at, property=property, unit=unit.strip())


def _time(message: Map) -> None:
    value = message.get("time")
    if isinstance(value, str):
        path, _, unit = value.strip().partition(" ")
        message["time"] = _map(message.values_at["time"], path=path, unit=unit.strip() or "auto")


def _map(at: Position, **values: Any) -> Map:
    tree = Map(at)
    for key, value in values.items():
        tree.put(key, value, at, at)
    return tree
