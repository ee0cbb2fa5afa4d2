"""The model in the box: where its libraries lie, and which one fits this processor.

They are part of the package, like the code that would check a signature: who can change the one
can change the other. So the package's manifest vouches for them by their hashes, which finds what
was damaged, and no key of the project has to be kept.
"""

from __future__ import annotations

import platform
from pathlib import Path

import msgspec

from edge_agent.models.driver import ModelError
from edge_agent.models.libraries import MANIFEST, library_for, runs
from schemas.model import Manifest

FOLDER = Path(__file__).parent / "library"
TARGETS = ("x86-64-v3", "x86-64-v2", "cortex-a53")
"""What the libraries are for; every aarch64 machine runs what a Cortex-A53 does."""


def shipped_library(cpu: str, folder: Path = FOLDER) -> Path:
    """The library for a processor, its hash checked.

    Raises:
        ModelError: there is none for it, or it is damaged.
    """
    path = folder / MANIFEST
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise ModelError(f"{path}: {error}") from None
    return library_for(folder, manifest, _known(cpu))


def has_library(cpu: str) -> bool:
    """Whether one of the libraries runs on a processor."""
    return bool(set(runs(_known(cpu))) & set(TARGETS))


def _known(cpu: str) -> str:
    any_arm = cpu == "generic" and platform.machine() == "aarch64"
    return TARGETS[-1] if any_arm else cpu
