"""`hearth models`: added, listed, tried, switched, removed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_agent.cli import main
from tests.cli.model_home import home
from tests.models.conftest import THIS, Made, llama, shared

__all__ = ["home", "llama", "shared"]


def add(model: Made, *more: str) -> int:
    library = f"--library={THIS}={THIS}.so"
    return main(["models", "add", str(model.folder), "--name=tiny", library, "--yes", *more])


def test_a_folder_of_somebody_else_is_added_signed_and_answers(
    llama: Made, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(llama) == 0
    capsys.readouterr()
    assert main(["models", "list", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["model"], listed["version"], listed["active"]) == ("tiny", 1, True)
    assert (listed["targets"], listed["problem"]) == ([THIS], "")
    assert (home / "data" / "models.key").stat().st_mode & 0o777 == 0o600
    assert main(["models", "test", "tiny", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["usage"]["completion_tokens"] > 0


def test_versions_are_put_in_force_and_taken_back(
    llama: Made, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(llama) == 0
    assert add(llama, "--no-promote") == 0
    assert (home / "models" / "tiny").resolve().name == "1"
    assert main(["models", "promote", "tiny"]) == 0
    assert (home / "models" / "tiny").resolve().name == "2"
    assert main(["models", "rollback", "tiny"]) == 0
    assert (home / "models" / "tiny").resolve().name == "1"
    assert main(["models", "rollback", "tiny"]) == 1
    assert "no version before" in capsys.readouterr().err
    assert main(["models", "remove", "tiny", "--yes"]) == 0
    assert not (home / "models" / "tiny").exists()


def test_what_was_changed_after_signing_is_told(
    llama: Made, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(llama) == 0
    config = home / "models" / "tiny" / "mlc-chat-config.json"
    config.write_text(config.read_text().replace("523", "524"))
    assert main(["models", "test", "tiny"]) == 1
    assert "is not the file that was signed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (f"{THIS}.so", "is not the library that was signed"),
        ("manifest.json", "is signed by nobody"),
        ("params_shard_0.bin", "is missing"),
    ],
)
def test_the_list_tells_which_version_is_damaged(
    llama: Made, home: Path, capsys: pytest.CaptureFixture[str], file: str, told: str
) -> None:
    assert add(llama) == 0
    path = home / "models" / "tiny" / file
    if told == "is missing":
        path.unlink()
    else:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    capsys.readouterr()
    assert main(["models", "list", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert told in listed["problem"] and listed["model"] == "tiny"


def test_a_folder_that_is_no_model_is_refused_and_leaves_nothing(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for verb in (["add", "--yes"], ["compile"]):
        assert main(["models", verb[0], str(empty), *verb[1:]]) == 1
    assert "neither mlc-chat-config.json nor config.json is there" in capsys.readouterr().err
    assert main(["models", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_home_without_models_says_how_to_get_one(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "list"]) == 0
    assert "no models yet" in capsys.readouterr().err
