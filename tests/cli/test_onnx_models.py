"""`hearth models` with exported models: added and signed like the others, without settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge_agent.cli import main
from tests.cli.model_home import home
from tests.models.exported import classifier, embedder

__all__ = ["home"]
SAID = "turn on the light"


@pytest.fixture
def door(tmp_path: Path) -> Path:
    folder = tmp_path / "door"
    folder.mkdir()
    classifier(folder)
    return folder


class Told:
    """What a command says as JSON."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> Any:
        self._capsys.readouterr()
        assert main(["models", *words, "--json"]) == 0
        return json.loads(self._capsys.readouterr().out)


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(capsys)


def test_an_exported_folder_is_added_tried_and_measured(home: Path, door: Path, told: Told) -> None:
    manifest = told("add", str(door), "--licence=MIT")
    assert (manifest["kind"], manifest["licence"]) == ("onnx", "MIT")
    assert set(manifest["files"]) == {"model.onnx", "tokenizer.json", "config.json"}
    (listed,) = told("list")
    assert (listed["model"], listed["kind"], listed["problem"]) == ("door", "onnx", "")
    assert told("test", "door", f"--prompt={SAID}")["intent"] == "light_on"
    figures = {each["what"]: each["unit"] for each in told("bench", "door", "--streams=4")}
    assert (figures["one answer"], figures["4 at once"]) == ("ms", "queries/s")


def test_its_versions_are_switched_and_removed(home: Path, door: Path, told: Told) -> None:
    told("add", str(door))
    embedder(door)
    told("add", str(door))
    assert "numbers" in told("test", "door", f"--prompt={SAID}")["text"]
    assert told("rollback", "door") == 1
    assert told("test", "door", f"--prompt={SAID}")["intent"] == "light_on"
    assert told("promote", "door", "2") == 2
    assert told("remove", "door", "--yes") == {"removed": "door"}
    assert told("list") == []


def test_what_was_changed_after_signing_is_not_loaded(
    home: Path, door: Path, told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    told("add", str(door))
    (home / "models" / "door" / "model.onnx").write_bytes(b"another")
    for verb in ("test", "bench"):
        assert main(["models", verb, "door"]) == 1
        assert "model.onnx is not the file that was signed" in capsys.readouterr().err


def test_an_export_that_lacks_a_file_is_not_added(
    home: Path, door: Path, told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    (door / "tokenizer.json").unlink()
    assert main(["models", "add", str(door)]) == 1
    assert "tokenizer.json is missing; an exported model needs it" in capsys.readouterr().err
    assert told("list") == []


def test_a_folder_that_is_neither_kind_says_what_is_looked_for(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert main(["models", "add", str(empty), "--yes"]) == 1
    assert "neither mlc-chat-config.json nor model.onnx is there" in capsys.readouterr().err
