"""What else the files of a home say: devices, firmware profiles and settings, put in force."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from edge_agent.devices.profiles import load_profiles
from edge_agent.devices.registry import Registry
from firmware_profiles.profiles import Profiles
from pipelines.settings import load_devices, load_secrets, load_settings
from schemas.problem import Problem
from schemas.profile import Profile
from schemas.settings import DeviceSettings, Settings


class DevicesFile:
    """`devices.yaml`: names, areas and labels follow it at once."""

    def __init__(self, home: Path, registry: Registry) -> None:
        self.problems: Sequence[Problem] = load_devices(home)[1]
        self.restart: Sequence[str] = ()
        self._home = home
        self._registry = registry
        self._devices: Mapping[str, DeviceSettings] = {}

    def concerns(self, name: str) -> bool:
        """Whether it is made of this file."""
        return name in ("devices.yaml", "secrets.yaml")

    def read(self) -> None:
        """Read the file."""
        self._devices, self.problems = load_devices(self._home)

    def apply(self) -> None:
        """Name the devices anew, unless something is wrong."""
        if not self.problems:
            self._registry.describe(self._devices)


class ProfileFiles:
    """`profiles/`: what is declared in rules follows it at once; what lies over a shipped decoder
    takes a restart, since that knows its devices from what it has heard."""

    def __init__(self, home: Path, profiles: Profiles, problems: Sequence[Problem]) -> None:
        self.problems = problems
        self.restart: Sequence[str] = ()
        self._home = home
        self._profiles = profiles
        self._found: list[Profile] = []

    def concerns(self, name: str) -> bool:
        """Whether it is made of this file."""
        return name.startswith("profiles/") or name == "devices.yaml"

    def read(self) -> None:
        """Read the files."""
        self._found, self.problems = load_profiles(self._home)

    def apply(self) -> None:
        """Take the rules, unless something is wrong."""
        if not self.problems:
            late = self._profiles.change(self._found)
            self.restart = [f"profile {name}" for name in late]


class SettingsFile:
    """`hearth.yaml`: what changed in it takes a restart, and is told; new secrets are masked."""

    def __init__(
        self, home: Path, env: Mapping[str, str], mask: Callable[[frozenset[str]], None]
    ) -> None:
        self.restart: Sequence[str] = ()
        self._home = home
        self._env = env
        self._mask = mask
        self.problems: Sequence[Problem]
        self._first, self.problems = load_settings(home, env)
        self._now: Settings = self._first

    def concerns(self, name: str) -> bool:
        """Whether it is made of this file."""
        return name in ("hearth.yaml", "secrets.yaml")

    def read(self) -> None:
        """Read the file, and mask secrets before anything of them is used."""
        self._mask(load_secrets(self._home))
        self._now, self.problems = load_settings(self._home, self._env)

    def apply(self) -> None:
        """Note which sections differ from those the agent was started with."""
        if not self.problems:
            names = self._first.__struct_fields__
            self.restart = [
                f"hearth.yaml: {name}"
                for name in names
                if getattr(self._now, name) != getattr(self._first, name)
            ]
