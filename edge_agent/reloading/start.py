"""What keeps a home in step with its files, made of its parts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from edge_agent.devices.registry import Registry
from edge_agent.ledger.ledger import Ledger
from edge_agent.loading import compiler_of
from edge_agent.monitoring.log import mask_also
from edge_agent.reloading.beside import DevicesFile, ProfileFiles, SettingsFile
from edge_agent.reloading.reloader import Reloader
from edge_agent.reloading.versions import Versions
from firmware_profiles.profiles import Profiles
from flows.engine import Engine
from flows.shadows import Shadows
from pipelines.ports import Ports
from schemas.problem import Problem


def make_reloader(
    home: Path,
    *,
    ports: Ports,
    engine: Engine,
    ledger: Ledger,
    registry: Registry,
    profiles: Profiles,
    wrong_profiles: Sequence[Problem],
) -> tuple[Reloader, Shadows]:
    """The reloader of an agent, whose `start` puts the pipelines in force, and their shadows."""
    home, shadows, compiler = home.resolve(), Shadows(engine, ports), compiler_of(ports)
    compiler.shadow_ports = shadows.ports
    versions = Versions(
        home,
        ledger,
        engine.clock.now,
        last=ledger.last_versions(),
        hashes=ledger.version_hashes(),
    )
    beside = (
        SettingsFile(home, os.environ, mask_also),
        DevicesFile(home, registry),
        ProfileFiles(home, profiles, wrong_profiles),
    )
    return (
        Reloader(home, compiler=compiler, engine=engine, versions=versions, beside=beside),
        shadows,
    )
