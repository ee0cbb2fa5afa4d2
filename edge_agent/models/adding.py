"""A compiled folder of somebody else's taken into the home: copied, listed, signed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from edge_agent.models.libraries import MANIFEST, hashes, listed, write_manifest
from edge_agent.models.runtime.folder import BrokenFolder, Weights, read_config
from edge_agent.models.signing import Key
from schemas.model import LibraryFile, Manifest


def add_model(
    source: Path,
    out: Path,
    *,
    name: str,
    libraries: Sequence[tuple[str, ...]],
    licence: str,
    key: Key,
) -> Manifest:
    """Copy a folder to `out` and sign it; its libraries are those given, else its manifest's.

    Raises:
        BrokenFolder: the folder is no model, or damaged.
        ValueError: nothing says which libraries it has.
    """
    config = read_config(source)
    Weights(source)
    shutil.copytree(source, out, dirs_exist_ok=True)
    found = _libraries(out, libraries)
    manifest = Manifest(
        name=name,
        quantization=str(config.get("quantization", "")),
        licence=licence,
        source=source.name,
        libraries=found,
        files=hashes(out),
    )
    write_manifest(out, manifest, key)
    return manifest


def _libraries(folder: Path, given: Sequence[tuple[str, ...]]) -> list[LibraryFile]:
    for _, file in given:
        if not (folder / file).is_file():
            raise ValueError(f"{folder / file} is not there")
    if given:
        return listed(folder, [(target, file) for target, file in given])
    if not (folder / MANIFEST).exists():
        raise ValueError("say which library is for which processor: --library TARGET=FILE")
    try:
        said: Any = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise BrokenFolder(f"{folder / MANIFEST}: {error}") from None
    return listed(folder, [(each.target, each.file) for each in said.libraries])
