"""The libraries of a model folder: which one fits this processor, and whether it may be loaded.

A library is native code. `manifest.json` names each with its target and SHA-256 and is signed; what
the signature does not cover, or is not what was signed, is never loaded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from edge_agent.models.driver import ModelError
from edge_agent.models.runtime.folder import INDEXES, BrokenFolder, read_shards
from edge_agent.models.signing import SIGNATURE, Key, verify
from schemas.model import LibraryFile, Manifest

MANIFEST = "manifest.json"
_LISTED = ("mlc-chat-config.json", *INDEXES, "tokenizer.json")
_SIGN = "hearth models add DIR signs a folder with this home's key"
_DAMAGED = "it was damaged or changed, and is not loaded; add or compile the model again"
# What a processor of this name can run, best first.
_RUNS = {
    "x86-64-v4": ("x86-64-v4", "x86-64-v3", "x86-64-v2"),
    "x86-64-v3": ("x86-64-v3", "x86-64-v2"),
    "x86-64-v2": ("x86-64-v2",),
    "cortex-a76": ("cortex-a76", "cortex-a72", "cortex-a53"),
    "cortex-a72": ("cortex-a72", "cortex-a53"),
    "cortex-a53": ("cortex-a53",),
}


def read_manifest(folder: Path, keys: Iterable[bytes]) -> Manifest:
    """A folder's manifest, its signature checked.

    Raises:
        ModelError: it is missing, broken, or signed by nobody who is trusted.
    """
    path = folder / MANIFEST
    try:
        data, signature = path.read_bytes(), (folder / SIGNATURE).read_bytes()
    except FileNotFoundError as error:
        missing = Path(error.filename).name
        raise ModelError(f"{folder}: no {missing}, nobody signed it; {_SIGN}") from None
    except OSError as error:
        raise ModelError(f"{error.filename}: {error.strerror}") from None
    try:
        verify(data, signature, keys)
        return msgspec.json.decode(data, type=Manifest)
    except ModelError as error:
        raise ModelError(f"{folder}: {error}") from None
    except msgspec.DecodeError as error:
        raise ModelError(f"{path}: {error}") from None


def library_for(folder: Path, manifest: Manifest, cpu: str) -> Path:
    """The library for a processor, its hash checked.

    Raises:
        ModelError: there is none for it, or it is not the one that was signed.
    """
    targets = {each.target: each for each in manifest.libraries}
    entry = next((targets[name] for name in runs(cpu) if name in targets), None)
    if entry is None:
        had = ", ".join(sorted(targets)) or "none"
        told = f"`{manifest.name}` has no library for {cpu} (it has: {had})"
        raise ModelError(f"{told}; compile it again with --target {cpu}")
    return _checked(folder, entry)


def runs(cpu: str) -> tuple[str, ...]:
    """The targets whose libraries a processor can run, best first."""
    return _RUNS.get(cpu, (cpu,))


def _checked(folder: Path, entry: LibraryFile) -> Path:
    path = (folder / entry.file).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ModelError(f"{entry.file} lies outside of the model's folder")
    try:
        found = sha256(path)
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}") from None
    if found != entry.sha256:
        raise ModelError(f"{path} is not the library that was signed: {_DAMAGED}")
    return path


def check_libraries(folder: Path, manifest: Manifest) -> None:
    """Compare the libraries with their hashes, and see that what they need is there: quick, as
    weights, which may be large, are not read.

    Raises:
        ModelError: a file is missing, or a library is not the one that was signed.
    """
    for entry in manifest.libraries:
        _checked(folder, entry)
    for name in manifest.files:
        _there(folder / name)


def check_files(folder: Path, manifest: Manifest) -> None:
    """Compare every listed file with its hash.

    Raises:
        ModelError: one is missing or differs.
    """
    for name, wanted in manifest.files.items():
        path = folder / name
        _there(path)
        if sha256(path) != wanted:
            raise ModelError(f"{path} is not the file that was signed: {_DAMAGED}")


def _there(path: Path) -> None:
    if not path.exists():
        raise ModelError(f"{path} is missing; add the model again")


def write_manifest(folder: Path, manifest: Manifest, key: Key) -> None:
    """Write and sign a manifest."""
    data = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    (folder / MANIFEST).write_bytes(data)
    (folder / SIGNATURE).write_bytes(key.sign(data))


def listed(folder: Path, names: Sequence[tuple[str, str]]) -> list[LibraryFile]:
    """Entries of a manifest for (target, file) pairs."""
    return [
        LibraryFile(target, name, sha256(folder / name), (folder / name).stat().st_size)
        for target, name in names
    ]


def hashes(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file beside the libraries that is loaded, for a manifest's `files`.

    Raises:
        BrokenFolder: the index of its weights is missing or wrong, or a shard is.
    """
    _, shards = read_shards(folder)
    for shard in shards:
        _check_sum(folder / shard.data_path, shard.md5sum)
    names = [*_LISTED, *(shard.data_path for shard in shards)]
    return {name: sha256(folder / name) for name in names if (folder / name).exists()}


def _check_sum(path: Path, wanted: str) -> None:
    """Compare a shard with what mlc-llm noted when it wrote it: a download may have damaged it."""
    if not wanted:
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found != wanted:
        raise BrokenFolder(f"{path}: damaged, its md5sum is another one; download it again")


def sha256(path: Path) -> str:
    """A file's SHA-256 as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
