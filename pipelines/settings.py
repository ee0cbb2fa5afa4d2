"""`hearth.yaml` with the environment over it, and `devices.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from msgspec import Struct

from pipelines.decode import decode, fields_of
from pipelines.model_names import model_folders, wrong_models
from pipelines.scalars import plain
from pipelines.source import Reader
from pipelines.tree import Map, place, suggest
from schemas.problem import Position, Problem
from schemas.settings import DeviceSettings, Settings

PREFIX = "HEARTH_"
NOTIFY_KINDS = frozenset({"log", "mqtt", "webhook"})
_OTHER_VARIABLES = frozenset({"HEARTH_HOME"})


def load_settings(
    home: Path, env: Mapping[str, str], reader: Reader | None = None
) -> tuple[Settings, list[Problem]]:
    """The settings of a home; defaults where the files have problems.

    `HEARTH_MQTT__HOST=…` wins over `mqtt: {host: …}`; an unknown variable is a warning.
    """
    reader = reader or Reader(home)
    before = len(reader.problems)
    path = home / "hearth.yaml"
    tree = reader.load(path) if path.is_file() else Map()
    problems = reader.problems[before:]
    if tree is None and not problems:
        tree = Map()
    if not isinstance(tree, Map):
        if not problems:
            problems = [Problem(Position(reader.name(path), 1, 1), "must be a mapping of sections")]
        return Settings(), problems
    problems += _overlay(tree, env)
    settings, found = decode(tree, Settings, Position(reader.name(path), 1, 1), "hearth.yaml")
    if settings is None:
        return Settings(), problems + found
    problems += [*found, *_senseless(settings, tree)]
    problems += wrong_models(settings.models, tree, model_folders(home))
    return _usable(settings), problems


def load_devices(
    home: Path, reader: Reader | None = None
) -> tuple[dict[str, DeviceSettings], list[Problem]]:
    """The entries of `devices.yaml` by name; those with problems are left out."""
    reader = reader or Reader(home)
    before = len(reader.problems)
    path = home / "devices.yaml"
    tree = reader.load(path) if path.is_file() else None
    problems = reader.problems[before:]
    if tree is None:
        return {}, problems
    if not isinstance(tree, Map):
        at = Position(reader.name(path), 1, 1)
        return {}, [*problems, Problem(at, "must be a mapping of names", "write `NAME: {key: …}`")]
    devices = {}
    for name, value in tree.items():
        entry, found = decode(value, DeviceSettings, tree.values_at[name], name)
        problems += found
        if entry is not None:
            devices[name] = entry
    return devices, problems + _clashes(devices, tree)


def load_secrets(home: Path) -> frozenset[str]:
    """The values of `secrets.yaml`, for those who must not show them."""
    return frozenset(Reader(home).all_secrets().values())


def _clashes(devices: Mapping[str, DeviceSettings], tree: Map) -> list[Problem]:
    """Names, aliases and keys that two devices share."""
    problems, owners = [], dict[str, str]()
    for name, entry in devices.items():
        for called in dict.fromkeys((name, *entry.aliases, entry.key)):
            if (owner := owners.setdefault(called, name)) != name:
                text = f"`{called}` names both `{owner}` and `{name}`"
                problems.append(Problem(tree.keys_at[name], text))
    return problems


def _senseless(settings: Settings, tree: Map) -> Iterator[Problem]:
    """What is well typed and cannot work."""
    agent, gateway = settings.agent, settings.gateway

    def problem(section: str, key: str, text: str, hint: str = "") -> Problem:
        return Problem(place(tree, [section, key], tree.at), text, hint)

    if not _is_zone(agent.time_zone):
        hint = suggest(agent.time_zone, available_timezones()) or "for example `Europe/Berlin`"
        yield problem("agent", "time_zone", f"no time zone `{agent.time_zone}`", hint)
    if (agent.latitude is None) != (agent.longitude is None):
        yield problem("agent", "latitude", "`latitude` and `longitude` belong together")
    if any(mark in agent.name for mark in "/+#"):
        yield problem("agent", "name", "the name becomes part of topics: no `/`, `+` or `#`")
    if (
        not gateway.token
        and gateway.host not in ("localhost", "::1")
        and not gateway.host.startswith("127.")
    ):
        text = f"`{gateway.host}` is open to others: a token is needed"
        yield problem("gateway", "host", text, "add `token: !secret gateway`")
    for name, target in settings.notify.items():
        if len(target) != 1 or not target.keys() <= NOTIFY_KINDS:
            hint = f"one of {', '.join(sorted(NOTIFY_KINDS))}: `{name}: {{mqtt: home/notify}}`"
            yield problem("notify", name, f"`{name}` names no way to be told", hint)


def _usable(settings: Settings) -> Settings:
    """The settings with a time zone that exists."""
    if _is_zone(settings.agent.time_zone):
        return settings
    agent = msgspec.structs.replace(settings.agent, time_zone="UTC")
    return msgspec.structs.replace(settings, agent=agent)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _overlay(tree: Map, env: Mapping[str, str]) -> list[Problem]:
    problems = []
    for variable, text in sorted(env.items()):
        if not variable.startswith(PREFIX) or variable in _OTHER_VARIABLES:
            continue
        path = variable.removeprefix(PREFIX).lower().split("__")
        at = Position(variable)
        if path[0] not in fields_of(Settings):
            hint = suggest(path[0], fields_of(Settings))
            problems.append(Problem(at, "no such setting", hint, "warning"))
        elif not _set(tree, path, text, at):
            problems.append(Problem(at, "a section, not a value", "add `__KEY` to its name"))
    return problems


def _set(tree: Map, path: list[str], text: str, at: Position) -> bool:
    struct: type[Struct] | None = Settings
    kind: Any = None
    for index, key in enumerate(path):
        field = fields_of(struct).get(key) if struct else None
        kind, struct = (field.type, field.struct) if field else (None, None)
        if index < len(path) - 1:
            child = tree.get(key)
            if not isinstance(child, Map):
                child = Map(at)
                tree.put(key, child, at, at)
            tree = child
    if struct is not None and kind is struct:
        return False
    tree.put(path[-1], _typed(text, kind), at, at)
    return True


def _typed(text: str, kind: Any) -> Any:
    """The text as the setting's type wants it; as text where that fails (decoding tells)."""
    if kind is None:
        return text
    try:
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError:
        return plain(text)
