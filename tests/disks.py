"""A disk small enough to fill, that can be made read-only."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class SmallDisk:
    """A file system of its own, in memory: `resize` makes room or takes it."""

    def __init__(self, folder: Path, size_mb: int) -> None:
        self.folder = folder
        folder.mkdir()
        self._mount("-t", "tmpfs", "-o", f"size={size_mb}M", "tmpfs", str(folder))

    def resize(self, size_mb: int) -> None:
        """Make it larger or smaller."""
        self._mount("-o", f"remount,size={size_mb}M", str(self.folder))

    def read_only(self, yes: bool) -> None:
        """Refuse or allow writing."""
        self._mount("-o", "remount," + ("ro" if yes else "rw"), str(self.folder))

    def close(self) -> None:
        """Unmount it."""
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)

    def _mount(self, *arguments: str) -> None:
        subprocess.run(["mount", *arguments], check=True, capture_output=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk of 8 MB; needs root, as `make test` does."""
    disk = SmallDisk(tmp_path / "disk", 8)
    yield disk
    disk.close()


@contextmanager
def as_somebody_else() -> Iterator[None]:
    """Whom root's files do not belong to."""
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
