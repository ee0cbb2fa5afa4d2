"""The components there are, and homes made of texts."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import flows.conditions
import flows.steps
import flows.triggers
from pipelines import registry

registry.load(flows.triggers, flows.conditions, flows.steps)

MakeHome = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def make_home(tmp_path: Path) -> MakeHome:
    """Writes files, named relative to a new home."""

    def make(files: Mapping[str, str]) -> Path:
        (tmp_path / "pipelines").mkdir()
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return make
