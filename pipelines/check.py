"""A whole home: every file compiled, every problem collected."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from pipelines import nowhere
from pipelines.blueprint import FOLDER
from pipelines.compiler import Compiler, documents
from pipelines.library import File, compile_file, ids_of
from pipelines.links import link
from pipelines.model_names import model_folders, wrong_uses
from pipelines.plan import Plan
from pipelines.ports import Home, Ports
from pipelines.secrecy import masked
from pipelines.settings import load_devices, load_settings
from pipelines.source import Reader
from schemas.problem import Position, Problem
from schemas.settings import DeviceSettings, Settings

_ABSENT = "there is no such file or folder"

Found = dict[str, tuple[Plan | None, Position]]
"""Pipelines by id with the place of the id; None for those with errors."""

Checker = Callable[[Path, Reader], Iterable[Problem]]
"""Checks further files of a home (profiles); what the reader itself notes is kept too."""


class Compiled(Struct, frozen=True):
    """What became of pipeline files; `bad` names those with errors, `secrets` what to mask."""

    plans: Sequence[Plan]
    problems: Sequence[Problem]
    bad: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()


class Loaded(Struct, frozen=True):
    """A home as its files say it; `problems` are those of all files, by place."""

    settings: Settings
    devices: Mapping[str, DeviceSettings]
    plans: Sequence[Plan]
    problems: Sequence[Problem]
    bad: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()


def home_of(settings: Settings) -> Home:
    """The place and zone that components see."""
    agent = settings.agent
    return Home(agent.name or "home", agent.time_zone, agent.latitude, agent.longitude)


def pipeline_files(home: Path) -> list[Path]:
    """The pipeline files of a home, in order."""
    folder = home / "pipelines"
    return sorted(path for path in folder.glob("*.y*ml") if not path.name.startswith("."))


def blueprint_files(home: Path) -> list[Path]:
    """The blueprints of a home, in order."""
    found = sorted((home / FOLDER).rglob("*.y*ml"))
    return [path for path in found if not path.name.startswith(".")]


def compile_files(
    home: Path,
    files: Iterable[Path],
    compiler: Compiler,
    reader: Reader | None = None,
    *,
    others: Collection[str] = (),
) -> Compiled:
    """The Plans of pipeline files; a pipeline with errors is left out, the others stand.

    `others` are ids of pipelines in further files, which these may name.
    """
    reader = reader or Reader(home)
    plans: Found = {}
    problems, bad = [], set[str]()
    for path in files:
        file = compile_file(path, compiler, reader)
        found = [*file.problems, *_take(file, plans)]
        if any(problem.severity == "error" for problem in found):
            bad.add(file.name)
        problems += found
    linked = link([plan for plan, _ in plans.values() if plan], {*plans, *others})
    bad |= linked.bad
    return Compiled(
        linked.plans,
        sorted({masked(problem, reader.secrets) for problem in [*problems, *linked.problems]}),
        frozenset(bad),
        frozenset(reader.secrets),
    )


def _take(file: File, plans: Found) -> Iterator[Problem]:
    """Take in a file's pipelines; ids that others have are problems."""
    made = {part.plan.id: part.plan for part in file.parts}
    for identity, spot in file.ids.items():
        plan, (other, first) = made.get(identity), plans.get(identity, (None, spot))
        if plan is not None and other is not None:
            text = f"a second pipeline `{identity}`"
            yield Problem(spot, text, f"the first is at {first}")
        elif other is None:
            plans[identity] = plan, spot


def _other_ids(home: Path) -> set[str]:
    """The ids in the pipeline files of a home; what is wrong with them is not told here."""
    reader = Reader(home)
    return {
        identity
        for path in pipeline_files(home)
        for identity in ids_of(documents(reader.load(path), Position()))
    }


def load_home(
    home: Path,
    *,
    ports: Ports | None = None,
    functions: Mapping[str, Callable[..., Any]] | None = None,
    known_devices: Collection[str] | None = None,
    env: Mapping[str, str] | None = None,
    files: Iterable[Path] | None = None,
    checkers: Iterable[Checker] = (),
) -> Loaded:
    """Everything a home says; without `ports` the plans can be looked at but not run.

    `files` are the pipeline files (all by default); `functions` what expressions may call besides
    the language's own.
    """
    reader = Reader(home)
    settings, problems = load_settings(home, env or {}, reader)
    devices, found = load_devices(home, reader)
    problems += found
    for checker in checkers:
        before = len(reader.problems)
        problems += checker(home, reader)
        problems += reader.problems[before:]
    place = replace(home_of(settings), targets=frozenset({"log", *settings.notify}))
    compiler = Compiler(ports or nowhere.ports(place), functions, known_devices)
    others = () if files is None else _other_ids(home)
    files = [*pipeline_files(home), *blueprint_files(home)] if files is None else files
    compiled = compile_files(home, files, compiler, reader, others=others)
    problems += wrong_uses(compiled.plans, settings.models, model_folders(home))
    every = {masked(problem, reader.secrets) for problem in [*problems, *compiled.problems]}
    return Loaded(
        settings, devices, compiled.plans, sorted(every), compiled.bad, frozenset(reader.secrets)
    )


def check(
    home: Path,
    paths: Sequence[Path] = (),
    *,
    functions: Mapping[str, Callable[..., Any]] | None = None,
    known_devices: Collection[str] | None = None,
    env: Mapping[str, str] | None = None,
    checkers: Iterable[Checker] = (),
) -> list[Problem]:
    """Every problem of a home, or of the pipeline files and folders given, by place."""
    absent = [Problem(Position(str(path)), _ABSENT) for path in (home, *paths) if not path.exists()]
    if not home.exists():
        return absent
    files = [file for path in paths for file in _files(path)] if paths else None
    loaded = load_home(
        home,
        functions=functions,
        known_devices=known_devices,
        env=env,
        files=files,
        checkers=checkers,
    )
    return [*absent, *loaded.problems]


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(path.rglob("*.y*ml"))
    return [path] if path.exists() else []
