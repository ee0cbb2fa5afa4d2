"""Home Assistant's YAML files as trees: its tags are followed, or kept where they name secrets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.include_tags import INCLUDES
from pipelines.includes import Load
from pipelines.source import Reader, Tag
from schemas.problem import Position

CONFIGURATION = "configuration.yaml"


class Tagged(str):
    """A value that only Home Assistant's own files could tell, as it is written: `!secret door`."""

    __slots__ = ()


def reader_of(path: Path) -> Reader:
    """The reader of a file of a configuration; includes may lie anywhere below its root."""
    return Reader(root_of(path), tags=_TAGS)


def root_of(path: Path) -> Path:
    """The folder of a configuration that a file or folder belongs to."""
    folder = path if path.is_dir() else path.parent
    for above in (folder, *folder.resolve().parents):
        if (above / CONFIGURATION).is_file():
            return above
    return folder


def _kept(tag: str) -> Tag:
    return lambda load, text, at: Tagged(f"{tag} {text}")


def _there(read: Tag) -> Tag:
    """What a file or folder holds; none where it is not there: not all parts are needed here."""

    def include(load: Load, text: str, at: Position) -> Any:
        return read(load, text, at) if (load.stack[-1].parent / text).exists() else None

    return include


_TAGS: Mapping[str, Tag] = {
    **{tag: _there(read) for tag, read in INCLUDES.items()},
    **{tag: _kept(tag) for tag in ("!secret", "!input", "!env_var")},
}
