"""One compiled tiny model for all tests; compiling it takes half a minute."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from edge_agent.models.compiling.compile import compile_model
from edge_agent.models.runtime.library import load_runtime
from edge_agent.models.signing import Key
from tests.models.far.fixtures import far_machine
from tests.models.tiny import Tiny

THIS, ARM = "x86-64-v3", "cortex-a72"
__all__ = ["far_machine"]


class Made:
    """A compiled model's folder, the key that signed it, and its reference."""

    def __init__(self, folder: Path, key: Key, tiny: Tiny) -> None:
        self.folder, self.key, self.tiny = folder, key, tiny
        self.library = folder / f"{THIS}.so"

    def copy(self, where: Path) -> Path:
        """A copy that a test may spoil."""
        return Path(shutil.copytree(self.folder, where))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all test processes share."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


def made(shared: Path, family: str, kind: str, *targets: str) -> Made:
    """A compiled model, made by whichever test process comes first."""
    load_runtime()
    folder, key = shared / f"{family}-{kind}", Key(shared / "models.key")
    tiny = Tiny(family, kind)
    with FileLock(shared / f"{folder.name}.lock"):
        if not (folder / "manifest.sig").exists():
            source = shared / f"{folder.name}-source"
            tiny.write(source)
            compile_model(source, folder, targets=[THIS, *targets], key=key)
    return Made(folder, key, tiny)


@pytest.fixture(scope="session")
def llama(shared: Path) -> Made:
    """A Llama with int4 weights, for this machine and for aarch64."""
    return made(shared, "llama", "q4f32_1", ARM)
