"""A folder of somebody else's taken into the home, compiled or exported: copied, listed, signed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from edge_agent.models.copying import copy_folder
from edge_agent.models.exported.files import is_exported, loaded_files
from edge_agent.models.libraries import MANIFEST, hashes, listed, sha256, write_manifest
from edge_agent.models.runtime.folder import (
    BrokenFolder,
    Weights,
    read_config,
    read_json,
    tokenizer_file,
)
from edge_agent.models.signing import Key
from schemas.model import Manifest

_LIBRARY = (
    "say which library is for which processor: --library TARGET=FILE; weights without one are "
    "for `hearth models compile`"
)


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
    known = Manifest(name=name, licence=licence, source=source.resolve().name)
    if is_exported(source):
        manifest = _exported(source, out, known)
    elif (source / "mlc-chat-config.json").exists():
        manifest = _compiled(source, out, known, libraries)
    else:
        told = "neither mlc-chat-config.json nor model.onnx is there"
        raise BrokenFolder(f"{source}: {told}; `hearth models compile` takes weights")
    write_manifest(out, manifest, key)
    return manifest


def _exported(source: Path, out: Path, known: Manifest) -> Manifest:
    read_json(source / "config.json")
    files = loaded_files(source)
    for path in files:
        shutil.copy(path, out)
    return replace(known, kind="onnx", files={each.name: sha256(out / each.name) for each in files})


def _compiled(
    source: Path, out: Path, known: Manifest, libraries: Sequence[tuple[str, ...]]
) -> Manifest:
    config = read_config(source)
    Weights(source)
    tokenizer_file(source)
    chosen = _libraries(source, libraries)
    copy_folder(source, out)
    return replace(
        known,
        quantization=str(config.get("quantization", "")),
        libraries=listed(out, chosen),
        files=hashes(out),
    )


def _libraries(folder: Path, given: Sequence[tuple[str, ...]]) -> list[tuple[str, str]]:
    """Targets and files: those given, else its manifest's."""
    for _, file in given:
        if not (folder / file).is_file():
            raise ValueError(f"{folder / file} is not there")
    if given:
        return [(target, file) for target, file in given]
    if not (folder / MANIFEST).exists():
        raise ValueError(_LIBRARY)
    try:
        said: Any = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise BrokenFolder(f"{folder / MANIFEST}: {error}") from None
    return [(each.target, each.file) for each in said.libraries]
