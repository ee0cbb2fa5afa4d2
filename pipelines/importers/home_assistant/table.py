"""The file of the table: read with its problems, written with what the user changed kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from pipelines.decode import decode
from pipelines.importers.home_assistant.entities import Table, Target
from pipelines.importers.home_assistant.writing import flow
from pipelines.source import Reader
from pipelines.tree import Map, suggest
from schemas.problem import Position, Problem

NAME = "home_assistant.yaml"
SECTIONS: Mapping[str, str] = {
    "entities": "Home Assistant's entities, and what stands for them here.",
    "devices": "Its device ids, and the names of the devices here.",
    "notify": "Its notifiers, and the targets under `notify:` in hearth.yaml.",
    "services": "Its services that have no equivalent, and the step to run, or `ignore`.",
}
_HEAD = """\
# How `hearth import` reads Home Assistant's names. It adds what it meets with its best guess and
# never changes what stands here: correct what is wrong and import again.
#
#   light.kitchen: {device: kitchen_light, property: state}       a property of a device
#   input_boolean.guests: {memory: guests}                        a remembered value
#   person.ann: {device: ann_phone, property: occupancy}          a presence sensor
#   cover.gate: {device: gate, property: state, words: {open: "on", closed: "off"}}
#   group.lights: {entities: [light.kitchen, light.hall]}         members, on when one is
"""


def read_table(path: Path, reader: Reader) -> tuple[Table, list[Problem]]:
    """The table of a file; entries with problems are left out, and told."""
    if not path.is_file():
        return Table(), []
    before = len(reader.problems)
    tree = reader.load(path)
    problems = reader.problems[before:]
    if tree is None:
        return Table(), problems
    if not isinstance(tree, Map):
        at = Position(reader.name(path), 1, 1)
        return Table(), [*problems, Problem(at, "must be a mapping of sections")]
    table = Table()
    for section, entries in tree.items():
        problems += _read_section(section, entries, tree, table)
    return table, problems


def _read_section(section: str, entries: Any, tree: Map, table: Table) -> list[Problem]:
    if section not in SECTIONS:
        hint = suggest(section, SECTIONS)
        return [Problem(tree.keys_at[section], f"unknown section `{section}`", hint)]
    if entries is None:
        return []
    if not isinstance(entries, Map):
        return [Problem(tree.values_at[section], "must be a mapping")]
    if entries.at.line == tree.keys_at[section].line:
        return [Problem(entries.at, "entries on lines of their own", "new ones are added there")]
    problems = []
    for key, value in entries.items():
        found, wrong = _entry(section, key, value, entries.values_at[key])
        problems += wrong
        if not wrong:
            getattr(table, section)[key] = found
    return problems


def _entry(section: str, key: str, value: Any, at: Position) -> tuple[Any, list[Problem]]:
    if section == "entities":
        target, problems = decode(value, Target, at, key)
        if target is not None and not _says_something(target):
            hint = "for example `{device: lamp, property: state}`"
            problems = [*problems, Problem(at, f"nothing is said about `{key}`", hint)]
        return target, problems
    if section == "services":
        fine = value == "ignore" or isinstance(value, Map)
        return value, [] if fine else [Problem(at, "a step, or `ignore`")]
    return value, [] if isinstance(value, str) else [Problem(at, "must be a name")]


def _says_something(target: Target) -> bool:
    by_device = target.device is not None and target.property is not None
    return bool(by_device or target.memory or target.entities or target.pipeline)


def table_text(table: Table, text: str = "") -> str:
    """The file's text with the fresh entries added to `text`, which is kept as it is."""
    if not text.strip():
        text = _HEAD
    lines = text.rstrip("\n").split("\n")
    for section in SECTIONS:
        fresh = sorted(table.fresh.get(section, ()))
        if fresh:
            values = getattr(table, section)
            added = [f"  {flow(key)}: {flow(_plain(values[key]))}" for key in fresh]
            _insert(lines, section, added)
    return "\n".join(lines) + "\n"


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value) if isinstance(value, Target) else value


def _insert(lines: list[str], section: str, added: list[str]) -> None:
    """Put the lines at the end of a section, which is begun where there is none."""
    start = next((i for i, line in enumerate(lines) if line.startswith(f"{section}:")), None)
    if start is None:
        lines += ["", f"# {SECTIONS[section]}", f"{section}:", *added]
        return
    end = start + 1
    for index in range(start + 1, len(lines)):
        if lines[index][:1] not in ("", " ", "#"):
            break
        if lines[index].startswith(" "):
            end = index + 1
    lines[end:end] = added
