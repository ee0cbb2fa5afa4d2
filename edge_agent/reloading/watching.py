"""Which files of a home have changed: looked at every second.

Polled, because that works the same on NFS and in containers, where the kernel tells nothing.
"""

from __future__ import annotations

import asyncio
import logging
import os
import stat
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path

from pipelines.library import Signature

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
QUIET = 0.25
FOLDERS = ("pipelines", "blueprints", "profiles")
ALONE = ("hearth.yaml", "devices.yaml", "secrets.yaml")

Seen = Mapping[str, Signature]


def scan(home: Path, more: Iterable[str] = ()) -> dict[str, Signature]:
    """The signatures of the YAML files that say how a home works, and of `more` files and folders.

    By their names relative to the home; hidden files are left out.

    Raises:
        OSError: a folder cannot be listed. What is not seen then is not gone.
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
    told: set[str] = set()
    before = await _seen(look, {}, told)
    while True:
        await asyncio.sleep(LOOK_EVERY)
        now = await _seen(look, before, told)
        if now == before:
            continue
        while now != before:
            before = now
            await asyncio.sleep(QUIET)
            now = await _seen(look, before, told)
        await changed()


async def _seen(look: Callable[[], Seen], before: Seen, told: set[str]) -> Seen:
    """What is seen now; what was seen before while nothing can be seen, which is told once."""
    try:
        now = await asyncio.to_thread(look)
    except OSError as error:
        if str(error) not in told:
            log.warning("the files cannot be looked at", extra={"reason": str(error)})
            told.add(str(error))
        return before
    told.clear()
    return now


def _look(path: Path, name: str, seen: dict[str, Signature]) -> None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(status.st_mode):
        seen[name] = status.st_mtime_ns, status.st_size, status.st_ino
        return
    with os.scandir(path) as entries:
        for entry in entries:
            wanted = entry.name.endswith((".yaml", ".yml")) or entry.is_dir()
            if wanted and not entry.name.startswith("."):
                _look(path / entry.name, f"{name}/{entry.name}", seen)
