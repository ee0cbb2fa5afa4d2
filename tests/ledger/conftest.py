"""Coroutine tests, and a disk small enough to fill."""

import asyncio
import inspect
import subprocess
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

TEST_TIMEOUT = 60


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine function."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in wanted}
    asyncio.run(_limited(pyfuncitem.obj(**arguments)))
    return True


async def _limited(test: Coroutine[Any, Any, None]) -> None:
    async with asyncio.timeout(TEST_TIMEOUT):
        await test


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
