"""The files with tests: which there are, in which home, and their pipelines compiled once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec
from msgspec import Struct

from edge_agent.devices.profiles import load_profiles
from edge_agent.loading import load_components
from edge_agent.rehearsal.contract import Surroundings
from edge_agent.rehearsal.lent_ports import LentPorts
from flows.rehearsal import BERLIN
from flows.sun import sun_function
from pipelines.check import Compiled, compile_files, home_of
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
    plans: Sequence[Plan]
    problems: Sequence[Problem]
    secrets: frozenset[str]
    facts: HomeFacts
    compiled: CompiledFile


class CompiledFile:
    """The pipelines of one file, compiled once for each home that its tests are in."""

    def __init__(self, path: Path, facts: HomeFacts) -> None:
        self._path = path
        self._facts = facts
        self.reader = Reader(facts.folder)
        self._made: dict[Home, tuple[LentPorts, Compiled]] = {}

    def look(self) -> Compiled:
        """The plans, and what is wrong with them."""
        return self._in(self._facts.home)[1]

    def around(self, test: Rehearsal) -> Surroundings:
        """What a test of this file is played in."""
        facts = self._facts
        return Surroundings(
            lambda ports: self._lent(ports, test), facts.home, facts.profiles, facts.devices
        )

    def _lent(self, ports: Ports, test: Rehearsal) -> list[Plan]:
        lent, compiled = self._in(ports.home)
        lent.lend(ports)
        return [_on_trial(plan, test) for plan in compiled.plans]

    def _in(self, home: Home) -> tuple[LentPorts, Compiled]:
        if home not in self._made:
            lent = LentPorts(home)
            functions = {"sun": sun_function(home, lent.ports.clock.now)}
            compiler = Compiler(lent.ports, functions)
            folder = self._facts.folder or self._path.parent
            compiled = compile_files(folder, [self._path], compiler, self.reader)
            self._made[home] = lent, compiled
        return self._made[home]


def _on_trial(plan: Plan, test: Rehearsal) -> Plan:
    """The plan as a test sees it: switched on, acting, with the test's inputs."""
    inputs = test.inputs if plan.id == test.pipeline else {}
    defaults = plan.inputs({**plan.defaults, **inputs}) if inputs else plan.defaults
    return msgspec.structs.replace(plan, enabled=True, shadow=False, defaults=defaults)


def suites(home: Path | None, paths: Sequence[Path], env: Mapping[str, str]) -> Iterator[Suite]:
    """The files of a home, or those given and the ones in the folders given, in order."""
    load_components()
    if home is not None and not paths:
        paths = [folder for name in _FOLDERS if (folder := home / name).is_dir()]
    for path in paths:
        for file in _yaml_files(path):
            yield read_file(file, home or home_around(file), env)


def read_file(path: Path, home: Path | None, env: Mapping[str, str]) -> Suite:
    """One file as the home it lies in reads it."""
    facts = _facts(home, tuple(sorted(env.items())))
    compiled = CompiledFile(path, facts)
    found = compiled.look()
    tests = [test for plan in found.plans for test in plan.tests]
    name = compiled.reader.name(path)
    return Suite(path, name, tests, found.plans, found.problems, found.secrets, facts, compiled)


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
