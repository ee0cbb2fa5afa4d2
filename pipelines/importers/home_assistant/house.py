"""A whole import: files of Home Assistant in, texts of pipelines and a table out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from pipelines.importers.home_assistant.automation import Made, automation, scene, script, title
from pipelines.importers.home_assistant.blueprints import unfolded
from pipelines.importers.home_assistant.contents import Contents, Part
from pipelines.importers.home_assistant.entities import Table, Target
from pipelines.importers.home_assistant.files import CONFIGURATION, reader_of
from pipelines.importers.home_assistant.page import House, remembered_name
from pipelines.importers.home_assistant.script_inputs import given_to
from pipelines.importers.home_assistant.timers import timer_pipeline
from pipelines.importers.home_assistant.unsupported import Gap, Unsupported
from pipelines.importers.home_assistant.values import listed, name_of
from pipelines.importers.home_assistant.writing import document
from pipelines.tree import Map
from schemas.problem import Position, Problem

_PIPELINE = "this is a pipeline already, not Home Assistant's"
_PIPELINE_HINT = "put it into `pipelines/` of the home; `hearth check` tells whether it is right"


class Imported(Struct, frozen=True):
    """One pipeline: its text, whence it came, what was left out of it."""

    id: str
    name: str
    at: Position
    text: str
    gaps: list[Gap]


class Import(Struct, frozen=True):
    """Everything that came of some files; `left_out` are those that became no pipeline at all.

    `unset` are keys of remembered values that are asked for and that no pipeline sets.
    """

    pipelines: list[Imported]
    left_out: list[Gap]
    unset: list[str]
    table: Table
    problems: list[Problem]


def import_files(paths: Iterable[Path], table: Table, devices: Collection[str] = ()) -> Import:
    """Read files, or folders of them, and make pipelines of all that they hold."""
    contents, problems, roots = Contents(), [], set[Path]()
    for path in paths:
        reader, before = reader_of(path), len(contents)
        for file in _files(path):
            contents.add(reader.load(file), str(reader.home))
        roots.add(reader.home or path.parent)
        problems += reader.problems
        if len(contents) == before and not reader.problems:
            at = Position(reader.name(path))
            problems.append(Problem(at, "holds no automations, scripts or scenes"))
    problems += [Problem(at, _PIPELINE, _PIPELINE_HINT) for at in contents.pipelines]
    return import_contents(contents, House(table, contents, devices), problems, sorted(roots))


def _files(path: Path) -> list[Path]:
    """A file, the configuration of a folder with all that it includes, or all files of a folder."""
    if not path.is_dir():
        return [path]
    if (path / CONFIGURATION).is_file():
        return [path / CONFIGURATION]
    return sorted(p for p in path.rglob("*.yaml") if not p.name.startswith("."))


def import_contents(
    contents: Contents, house: House, problems: Iterable[Problem] = (), roots: Iterable[Path] = ()
) -> Import:
    """Make pipelines of all that files hold; blueprints are looked for below the roots."""
    left_out: list[Gap] = []
    contents.automations = [*_unfolded(contents.automations, list(roots), left_out)]
    named = _Named(contents, house)
    house.switched |= _switched(contents)
    house.given |= given_to(contents)
    made = [automation(part, name, house) for part, name in named.automations]
    made += [script(part, name, house) for part, name in named.scripts]
    made += [scene(part, name, house) for part, name in named.scenes]
    made += [_timer(entity, house) for entity in sorted(house.timers)]
    pipelines = [_text(each) for each in made]
    return Import(pipelines, left_out, _unset(made, house), house.table, list(problems))


def _unfolded(parts: Iterable[Part], roots: list[Path], left_out: list[Gap]) -> Iterable[Part]:
    """The automations, those made of blueprints unfolded."""
    for part in parts:
        try:
            yield unfolded(part, roots)
        except Unsupported as error:
            left_out.append(Gap(part.tree.at, f"automation `{title(part.tree)}`", str(error)))


class _Named:
    """The parts with the ids of their pipelines; the house knows them from now on."""

    def __init__(self, contents: Contents, house: House) -> None:
        ids = _Ids()
        self.scripts = [(part, ids.of(part.name, "script")) for part in contents.scripts]
        self.automations = [
            (part, ids.of(title(part.tree), "automation")) for part in contents.automations
        ]
        self.scenes = [(part, ids.of(f"scene-{part.name}", "scene")) for part in contents.scenes]
        for part, name in self.scripts:
            if f"script.{part.name}" not in house.table.entities:
                house.table.note("entities", f"script.{part.name}", Target(pipeline=name))
        for part, name in self.automations:
            house.pipelines[f"automation.{remembered_name(title(part.tree))}"] = name
        house.scenes |= {f"scene.{remembered_name(p.name)}": name for p, name in self.scenes}


def _text(made: Made) -> Imported:
    return Imported(made.id, made.name, made.at, document(made.pipeline), made.gaps)


def _timer(entity: str, house: House) -> Made:
    pipeline = timer_pipeline(house.known(entity))
    return Made(pipeline["id"], entity, Position(), pipeline, [])


def _unset(made: Iterable[Made], house: House) -> list[str]:
    kept = {key for each in made for key in _remembered(each.pipeline)}
    asked = {known.target.memory for known in map(house.known, sorted(house.met))}
    return sorted({key for key in asked if key} - kept)


def _remembered(value: Any) -> Iterable[str]:
    """The keys that the `remember` steps in a pipeline set."""
    if isinstance(value, Mapping):
        if isinstance(value.get("remember"), Mapping):
            yield from value["remember"]
        for child in value.values():
            yield from _remembered(child)
    elif isinstance(value, list):
        for child in value:
            yield from _remembered(child)


def _switched(contents: Contents) -> set[str]:
    """The automations that something switches on or off."""
    found: set[str] = set()
    for part in (*contents.automations, *contents.scripts):
        found |= set(_switched_in(part.tree))
    return found


def _switched_in(tree: Any) -> Iterable[str]:
    if isinstance(tree, Map):
        name = tree.get("action", tree.get("service"))
        if name in ("automation.turn_on", "automation.turn_off", "automation.toggle"):
            yield from _named(tree)
        for child in tree.values():
            yield from _switched_in(child)
    elif isinstance(tree, list):
        for child in tree:
            yield from _switched_in(child)


def _named(tree: Map) -> Iterable[str]:
    for place in (tree, *(tree.get(key) for key in ("target", "data", "data_template"))):
        if isinstance(place, Map):
            yield from (str(each) for each in listed(place.get("entity_id")))


class _Ids:
    """Ids of pipelines, each given once."""

    def __init__(self) -> None:
        self.given: set[str] = set()

    def of(self, name: str, otherwise: str) -> str:
        base = name_of(name) or otherwise
        count, pipeline_id = 1, base
        while pipeline_id in self.given:
            count += 1
            pipeline_id = f"{base}-{count}"
        self.given.add(pipeline_id)
        return pipeline_id
