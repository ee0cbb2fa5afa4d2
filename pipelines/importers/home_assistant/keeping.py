"""Imported pipelines as files of a home: what the user has changed since is never overwritten."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct

from pipelines.importers.home_assistant.house import Imported
from pipelines.source import Reader
from pipelines.tree import Map, Seq

State = Literal["new", "same", "renewed", "kept", "taken"]
_MARK = re.compile(r"^# imported: .*, ([0-9a-f]{12})\n", re.MULTILINE)


class Kept(Struct, frozen=True):
    """What is to happen with the file of a pipeline.

    `kept`: the user has changed it; `taken`: another file holds a pipeline of this id.
    """

    path: Path
    text: str
    state: State


def files_of(pipelines: Iterable[Imported], folder: Path, *, force: bool) -> dict[str, Kept]:
    """The file of each pipeline by its id, with what is to happen."""
    owners = _owners(folder)
    return {each.id: _file(each, folder, owners, force=force) for each in pipelines}


def write(kept: Iterable[Kept]) -> list[Path]:
    """Write the files that are new or renewed."""
    written = []
    for file in kept:
        if file.state in ("new", "renewed"):
            file.path.parent.mkdir(parents=True, exist_ok=True)
            file.path.write_text(file.text, encoding="utf-8")
            written.append(file.path)
    return written


def _file(pipeline: Imported, folder: Path, owners: Mapping[str, Path], *, force: bool) -> Kept:
    path = folder / f"{pipeline.id}.yaml"
    text = _marked(pipeline)
    if (owner := owners.get(pipeline.id)) is not None and owner != path:
        return Kept(owner, text, "taken")
    if not path.exists():
        return Kept(path, text, "new")
    there = path.read_text(encoding="utf-8", errors="replace")
    if _body(there) == _body(text):
        return Kept(path, text, "same")
    return Kept(path, text, "renewed" if force or _is_untouched(there) else "kept")


def _marked(pipeline: Imported) -> str:
    source = f"{pipeline.at}" if pipeline.at.file else pipeline.name
    return f"# imported: {source}, {_digest(pipeline.text)}\n{pipeline.text}"


def _is_untouched(text: str) -> bool:
    mark = _MARK.match(text)
    return mark is not None and mark[1] == _digest(_body(text))


def _body(text: str) -> str:
    return _MARK.sub("", text, count=1)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def _owners(folder: Path) -> dict[str, Path]:
    """The files that pipelines of a home lie in, by id."""
    owners: dict[str, Path] = {}
    for path in sorted(folder.glob("*.y*ml")):
        tree = Reader(folder.parent).load(path)
        for item in tree if isinstance(tree, Seq) else [tree]:
            if isinstance(item, Map) and isinstance(item.get("id"), str):
                owners.setdefault(item["id"], path)
    return owners
