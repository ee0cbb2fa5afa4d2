"""The fixture `far_machine`, for whoever has an aarch64 library to try."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.models.far.machine import FarMachine, build


@pytest.fixture
def far_machine(shared: Path) -> Iterator[FarMachine]:
    """A process of another machine."""
    program = shared / "far"
    with FileLock(shared / "far.lock"):
        if not program.exists():
            build(program)
    machine = FarMachine(program)
    yield machine
    machine.close()
