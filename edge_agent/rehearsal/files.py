"""The files with tests: which there are, in which home, and their pipelines compiled once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec
from msgspec import Struct

from edge_agent.devices.profiles import load_profiles
from edge_agent.rehearsal.contract import Surroundings
from edge_agent.rehearsal.lent_ports import LentPorts
from flows.rehearsal import BERLIN
from flows.sun import sun_function
from pipelines.blueprint import Blueprints, is_blueprint
from pipelines.blueprint_check import BlueprintFile
from pipelines.check import Compiled, compile_files, home_of, pipeline_files
from pipelines.compiler import Compiler
from pipelines.plan import Plan
from pipelines.ports import Home, Ports
from pipelines.rehearsal import Rehearsal
from pipelines.settings import load_devices, load_settings
from pipelines.source import Reader
from schemas.problem import Position, Problem
from schemas.profile import Profile
from schemas.settings import DeviceSettings

_NO_PIPELINES = {"hearth.yaml", "devices.yaml", "secrets.yaml"}
_FOLDERS = ("pipelines", "blueprints")


class HomeFacts(Struct, frozen=True):
    """What a home says to its tests; `folder` is None where there is no home."""

    folder: Path | None
    home: Home
    devices: Mapping[str, DeviceSettings]
    profiles: Sequence[Profile]


class Suite(Struct, frozen=True):
    """One file: its tests, and the problems that keep them from being played."""

    path: Path
    name: str
    tests: Sequence[Rehearsal]
    problems: Sequence[Problem]
    secrets: frozenset[str]
    facts: HomeFacts
    compiled: CompiledFile | CompiledBlueprint


class CompiledFile:
    """The pipelines of one file, and those that they run, compiled once for each home."""

    def __init__(self, path: Path, facts: HomeFacts) -> None:
        self._path = path
        self._facts = facts
        self._made: dict[Home, _Made] = {}
        self.reader = Reader(facts.folder)
        self.name = self.reader.name(path)
        self.tests = [test for plan in self.look().plans for test in plan.tests]

    def look(self) -> Compiled:
        """The plans of the file itself, and what is wrong with them."""
        return self._in(self._facts.home).own

    def around(self, test: Rehearsal) -> Surroundings:
        """What a test of this file is played in."""
        facts = self._facts
        return Surroundings(
            lambda ports: self._lent(ports, test), facts.home, facts.profiles, facts.devices
        )

    def _lent(self, ports: Ports, test: Rehearsal) -> list[Plan]:
        made = self._in(ports.home)
        made.lent.lend(ports)
        own = {plan.id for plan in made.own.plans}
        return [
            _on_trial(plan, test) if plan.id in own else _called(plan) for plan in made.all.plans
        ]

    def _in(self, home: Home) -> _Made:
        if home not in self._made:
            lent = LentPorts(home)
            functions = {"sun": sun_function(home, lent.ports.clock.now)}
            own, every = self._compiled(Compiler(lent.ports, functions))
            self._made[home] = _Made(lent, own, every)
        return self._made[home]

    def _compiled(self, compiler: Compiler) -> tuple[Compiled, Compiled]:
        """The file alone, and with the files of those that its pipelines run, and so on."""
        folder, files = self._facts.folder or self._path.parent, [self._path]
        own = every = compile_files(folder, files, compiler, self.reader)
        while more := [file for file in self._linked(every.plans) if file not in files]:
            files += more
            every = compile_files(folder, files, compiler, self.reader)
            if len(files) == 1 + len(more):
                problems = [each for each in every.problems if each.at.file == self.name]
                own = msgspec.structs.replace(own, problems=problems)
        return own, every

    def _linked(self, plans: Sequence[Plan]) -> list[Path]:
        """The files with pipelines that are named and not yet there."""
        known = {plan.id for plan in plans}
        names = {link.pipeline for plan in plans for link in plan.links} - known
        return [file for name in sorted(names) for file in self._files_with(name)]

    def _files_with(self, pipeline: str) -> list[Path]:
        """The files of the home in which a pipeline of this id may stand."""
        names = re.compile(rf"^(?:- |\s)*id:\s*[\"']?{re.escape(pipeline)}\b", re.MULTILINE)
        home = self._facts.folder
        files = pipeline_files(home) if home else []
        return [file for file in files if names.search(file.read_text("utf-8", "replace"))]


class _Made(Struct, frozen=True):
    """A file compiled: alone, and with the pipelines that it runs."""

    lent: LentPorts
    own: Compiled
    all: Compiled


def _called(plan: Plan) -> Plan:
    """A pipeline of another file: it runs when it is run, and does not listen by itself."""
    return msgspec.structs.replace(plan, gates=(), shadow=False)


class CompiledBlueprint:
    """The pipelines that the tests of one blueprint make of it, each compiled once for a home."""

    def __init__(self, path: Path, facts: HomeFacts) -> None:
        self._facts = facts
        self._path = path
        self._made: dict[Home, tuple[LentPorts, BlueprintFile]] = {}
        self._plans: dict[tuple[Home, Position], list[Plan]] = {}
        self.reader = Reader(facts.folder)
        self.name = self.reader.name(path)
        self._blueprints = Blueprints(self.reader)
        self.tests = self._file(facts.home)[1].tests()

    def look(self) -> Compiled:
        """The plan of each test, and what is wrong with the blueprint."""
        home = self._facts.home
        plans = [plan for test in self.tests for plan in self._plans_of(home, test)]
        return Compiled(plans, self._file(home)[1].problems())

    def around(self, test: Rehearsal) -> Surroundings:
        """What a test of this file is played in."""
        facts = self._facts
        return Surroundings(
            lambda ports: self._lend(ports, test), facts.home, facts.profiles, facts.devices
        )

    def _lend(self, ports: Ports, test: Rehearsal) -> list[Plan]:
        self._file(ports.home)[0].lend(ports)
        return self._plans_of(ports.home, test)

    def _plans_of(self, home: Home, test: Rehearsal) -> list[Plan]:
        if (home, test.at) not in self._plans:
            plan = self._file(home)[1].plan(test.inputs, test.at)
            filled = msgspec.structs.replace(test, inputs={})
            self._plans[home, test.at] = [] if plan is None else [_on_trial(plan, filled)]
        return self._plans[home, test.at]

    def _file(self, home: Home) -> tuple[LentPorts, BlueprintFile]:
        if home not in self._made:
            lent = LentPorts(home)
            functions = {"sun": sun_function(home, lent.ports.clock.now)}
            compiler = Compiler(lent.ports, functions)
            self._made[home] = lent, BlueprintFile(self._path, self._blueprints, compiler)
        return self._made[home]


def _on_trial(plan: Plan, test: Rehearsal) -> Plan:
    """The plan as a test sees it: switched on, acting, with the test's inputs."""
    inputs = test.inputs if plan.id == test.pipeline else {}
    defaults = plan.inputs({**plan.defaults, **inputs}) if inputs else plan.defaults
    return msgspec.structs.replace(plan, enabled=True, shadow=False, defaults=defaults)


def files_of(home: Path | None, paths: Sequence[Path]) -> list[tuple[Path, Path | None]]:
    """The files of a home, or those given and the ones in the folders given, in order; each with
    the home it is read in."""
    if home is not None and not paths:
        paths = [folder for name in _FOLDERS if (folder := home / name).is_dir()]
    return [(file, home or home_around(file)) for path in paths for file in _yaml_files(path)]


def read_file(path: Path, home: Path | None, env: Mapping[str, str]) -> Suite:
    """One file as the home it lies in reads it."""
    facts = _facts(home, tuple(sorted(env.items())))
    blueprint = is_blueprint(path, facts.folder)
    compiled = CompiledBlueprint(path, facts) if blueprint else CompiledFile(path, facts)
    found = compiled.look()
    name = compiled.name
    return Suite(path, name, compiled.tests, found.problems, found.secrets, facts, compiled)


def home_around(path: Path) -> Path | None:
    """The home that a file lies in."""
    around = (folder for folder in path.resolve().parents if (folder / "hearth.yaml").is_file())
    return next(around, None)


def _yaml_files(path: Path) -> Iterable[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(path.rglob("*.y*ml"))
    return [file for file in found if file.name not in _NO_PIPELINES and file.name[0] != "."]


@lru_cache(maxsize=64)
def _facts(home: Path | None, env: tuple[tuple[str, str], ...]) -> HomeFacts:
    if home is None:
        return HomeFacts(None, BERLIN, {}, load_profiles(None)[0])
    settings, _ = load_settings(home, dict(env))
    return HomeFacts(home, home_of(settings), load_devices(home)[0], load_profiles(home)[0])


def missing(paths: Iterable[Path]) -> list[Problem]:
    """The paths that are not there."""
    text = "there is no such file or folder"
    return [Problem(Position(str(path)), text) for path in paths if not path.exists()]
