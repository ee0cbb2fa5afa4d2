"""The files of a home compiled: with ports to run, without to be checked."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import flows.conditions
import flows.steps
import flows.triggers
from edge_agent.devices.profiles import load_profiles
from flows.sun import sun_function
from pipelines import registry
from pipelines.check import Compiled, check, compile_files, home_of, pipeline_files
from pipelines.compiler import Compiler
from pipelines.ports import Ports
from pipelines.settings import load_settings
from pipelines.source import Reader
from schemas.problem import Problem


def load_components() -> None:
    """Make every trigger, condition and step known to the compiler."""
    registry.load(flows.triggers, flows.conditions, flows.steps)


def compiler_of(ports: Ports, known_devices: Iterable[str] | None = None) -> Compiler:
    """What compiles the pipelines of a home for these ports."""
    load_components()
    known = None if known_devices is None else set(known_devices)
    return Compiler(ports, {"sun": sun_function(ports.home, ports.clock.now)}, known)


def compile_home(home: Path, ports: Ports, known_devices: Iterable[str] | None = None) -> Compiled:
    """The Plans of a home; files with problems are left out and told."""
    return compile_files(home, pipeline_files(home), compiler_of(ports, known_devices))


def check_home(
    home: Path,
    paths: Sequence[Path],
    env: Mapping[str, str],
    known_devices: Collection[str] | None = None,
) -> list[Problem]:
    """Every problem of a home, or of the pipeline files and folders given."""
    load_components()
    place = home_of(load_settings(home, env)[0])
    functions = {"sun": sun_function(place, time.time)}
    checkers = () if paths else (check_profiles,)
    return check(
        home,
        paths,
        functions=functions,
        known_devices=known_devices,
        env=env,
        checkers=checkers,
    )


def check_profiles(home: Path, reader: Reader) -> Iterable[Problem]:
    """The problems of the user's own firmware profiles."""
    return [problem for problem in load_profiles(home)[1] if (home / problem.at.file).exists()]
