"""What steps have given and is kept to be taken again: bounded in size."""

from __future__ import annotations

import asyncio
from pathlib import Path

MOST_BYTES = 64 << 20
_EVERY = 3_600.0


def bound(folder: Path, most_bytes: int = MOST_BYTES) -> None:
    """Delete what was kept first, until the rest fits."""
    files = [(file.stat(), file) for file in folder.glob("*") if file.is_file()]
    size_bytes = sum(stat.st_size for stat, _ in files)
    for stat, file in sorted(files, key=lambda each: each[0].st_mtime):
        if size_bytes <= most_bytes:
            return
        file.unlink(missing_ok=True)
        size_bytes -= stat.st_size


async def keep_bounded(folder: Path) -> None:
    """Look after it until cancelled."""
    while True:
        await asyncio.to_thread(bound, folder)
        await asyncio.sleep(_EVERY)
