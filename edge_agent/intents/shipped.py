"""The intent network's libraries: those in the box, or a home's own; which one fits here.

Those in the box are part of the package, like the code that would check a signature: who can change
the one can change the other. So the package's manifest vouches for them by their hashes, which
finds what was damaged, and no key of the project has to be kept. A home's own is signed.
"""

from __future__ import annotations

import platform
from importlib.util import find_spec
from pathlib import Path

import msgspec

from edge_agent.models.driver import ModelError, Place
from edge_agent.models.libraries import MANIFEST, library_for, read_manifest, runs
from schemas.model import Manifest

FOLDER = Path(__file__).parent / "library"
TARGETS = ("x86-64-v3", "x86-64-v2", "cortex-a53")
"""What the libraries are for; every aarch64 machine runs what a Cortex-A53 does."""


def runs_here(place: Place) -> bool:
    """Whether the slim runtime is installed, and one of the libraries is for this processor."""
    if find_spec("tvm") is None:
        return False
    return _own(place) or bool(set(runs(_known(place.machine.cpu))) & set(TARGETS))


def library_of(place: Place) -> Path:
    """The library for a place's processor, its hash checked.

    Raises:
        ModelError: there is none for it, or it is damaged, or signed by nobody who is trusted.
    """
    if _own(place):
        manifest = read_manifest(place.folder, place.keys)
        return library_for(place.folder, manifest, place.machine.cpu)
    return shipped_library(place.machine.cpu)


def shipped_library(cpu: str, folder: Path = FOLDER) -> Path:
    """The library in the box for a processor, its hash checked.

    Raises:
        ModelError: there is none for it, or it is damaged.
    """
    path = folder / MANIFEST
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise ModelError(f"{path}: {error}") from None
    return library_for(folder, manifest, _known(cpu))


def _own(place: Place) -> bool:
    return (place.folder / MANIFEST).exists()


def _known(cpu: str) -> str:
    any_arm = cpu == "generic" and platform.machine() == "aarch64"
    return TARGETS[-1] if any_arm else cpu
