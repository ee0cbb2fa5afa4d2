"""The home of whoever tries `hearth models`."""

from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "hearth.yaml").write_text("agent: {name: models}\n")
    monkeypatch.setenv("HEARTH_HOME", str(folder))
    return folder
