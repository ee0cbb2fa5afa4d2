"""Which files of a home have changed: looked at every second.

Polled, because that works the same on NFS and in containers, where the kernel tells nothing.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path

from pipelines.library import Signature

LOOK_EVERY = 1.0
QUIET = 0.25
FOLDERS = ("pipelines", "blueprints", "profiles")
ALONE = ("hearth.yaml", "devices.yaml", "secrets.yaml")

Seen = Mapping[str, Signature]


def scan(home: Path, more: Iterable[str] = ()) -> dict[str, Signature]:
    """The signatures of the YAML files that say how a home works, and of `more` files and folders.

    By their names relative to the home; hidden files are left out.
    """
    seen: dict[str, Signature] = {}
    for name in (*FOLDERS, *ALONE, *more):
        _look(home / name, name, seen)
    return seen


def pipeline_names(seen: Seen) -> list[str]:
    """The pipeline files among them, in order."""
    return sorted(name for name in seen if name.startswith("pipelines/") and name.count("/") == 1)


async def watch(look: Callable[[], Seen], changed: Callable[[], Awaitable[object]]) -> None:
    """Call `changed` whenever what `look` sees has changed, once nothing changes any more: an
    editor may still be writing, or a checkout of many files be under way."""
    before = await asyncio.to_thread(look)
    while True:
        await asyncio.sleep(LOOK_EVERY)
        now = await asyncio.to_thread(look)
        if now == before:
            continue
        while now != before:
            before = now
            await asyncio.sleep(QUIET)
            now = await asyncio.to_thread(look)
        await changed()


def _look(path: Path, name: str, seen: dict[str, Signature]) -> None:
    try:
        status = path.stat()
        if path.is_dir():
            _look_inside(path, name, seen)
            return
    except OSError:
        return
    seen[name] = status.st_mtime_ns, status.st_size, status.st_ino


def _look_inside(folder: Path, name: str, seen: dict[str, Signature]) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            inner = f"{name}/{entry.name}"
            if entry.is_dir():
                _look_inside(Path(entry.path), inner, seen)
            elif entry.name.endswith((".yaml", ".yml")):
                status = entry.stat()
                seen[inner] = status.st_mtime_ns, status.st_size, status.st_ino
