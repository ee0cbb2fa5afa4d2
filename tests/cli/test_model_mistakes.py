"""What whoever mistakes something with `hearth models` is told, and what is left then."""

from __future__ import annotations

import io
import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_agent.cli import main
from tests.cli.model_home import home
from tests.models.conftest import THIS
from tests.models.tiny import Tiny

__all__ = ["home"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of weights and a library, and what git keeps beside them."""
    folder = tmp_path / "Tiny"
    Tiny("llama", "q4f32_1").write(folder)
    (folder / "lib.so").write_bytes(b"native code")
    (folder / ".git").mkdir()
    (folder / ".git" / "objects").write_bytes(b"the weights again")
    return folder


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 1) -> str:
    """What a verb that fails says."""
    capsys.readouterr()
    assert main(["models", *arguments]) == code
    said = capsys.readouterr()
    return said.err + said.out


@contextmanager
def files_up_to(size_bytes: int) -> Iterator[None]:
    """No file grows any further, as on a disk that is full."""
    most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, most[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)


@pytest.mark.parametrize("verb", ["compile", "add"])
def test_a_name_that_is_none_or_taken_by_the_box_is_refused(
    home: Path, folder: Path, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    yes = ["--yes"] if verb == "add" else []
    assert "`../x` is no name of a model" in told(capsys, verb, str(folder), "--name=../x", *yes)
    boxed = told(capsys, verb, str(folder), "--name=intent", *yes)
    assert "`intent` is the model in the box" in boxed
    assert "hint: give yours another one: --name NAME" in boxed


def test_weights_that_are_quantised_are_not_quantised_again(
    home: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(capsys, "compile", str(folder), "--quantization=q4f16_1")
    assert "the weights are q4f32_1 already and cannot be made q4f16_1" in said
    assert not (home / "models" / ".versions" / "Tiny").exists()


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"model_type": "falcon"}, "models of type `falcon` cannot be compiled; supported: gemma"),
        ({"model_type": "llama"}, "the model's config says no `num_attention_heads`"),
        ({"model_type": "llama", "num_attention_heads": [4]}, "the model's config: int() arg"),
    ],
)
def test_a_config_that_is_none_is_told(
    home: Path,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    config: dict[str, object],
    said: str,
) -> None:
    (folder / "mlc-chat-config.json").unlink()
    (folder / "config.json").write_text(json.dumps(config))
    assert said in told(capsys, "compile", str(folder))


def test_adding_tells_which_library_is_missing(
    home: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    added = ["add", str(folder), "--yes"]
    assert "say which library is for which processor" in told(capsys, *added)
    missing = told(capsys, *added, f"--library={THIS}=other.so")
    assert f"{folder / 'other.so'} is not there" in missing


def test_a_full_disk_is_named_and_leaves_nothing(
    home: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shard = f"models/.versions/Tiny/.made-by-{os.getpid()}/params_shard_0.bin"
    with files_up_to(10_000):
        compiled = told(capsys, "compile", str(folder), code=3)
        added = told(capsys, "add", str(folder), "--yes", f"--library={THIS}=lib.so", code=3)
    assert f"{shard}: File too large" in compiled.replace(f"{home}/", "")
    assert f"{shard}: File too large" in added.replace(f"{home}/", "")
    assert not list((home / "models" / ".versions").iterdir())


def test_nobody_agreed_where_nobody_can_be_asked(
    home: Path, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    said = told(capsys, "add", str(folder))
    assert "nobody agreed" in said
    assert "hint: say so beforehand: --yes" in said


def test_what_git_keeps_stays_and_a_version_waits_by_name(
    home: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = f"--library={THIS}=lib.so"
    assert main(["models", "add", str(folder), "--yes", library, "--no-promote"]) == 0
    assert not (home / "models" / ".versions" / "Tiny" / "1" / ".git").exists()
    waits = told(capsys, "test", "Tiny")
    assert "no version of `Tiny` is in force: hearth models promote Tiny" in waits
