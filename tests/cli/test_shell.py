"""What every verb has in common: help, exit codes, the home."""

import contextlib
import os
import pty
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge_agent.cli.group import FOLDER
from edge_agent.cli.shell import Shell, home_directory
from tests.cli.conftest import Hearth

VERBS = sorted(path.stem.rstrip("_").replace("_", "-") for path in FOLDER.glob("[a-z]*.py"))


def test_help_names_every_verb_with_the_first_line_of_its_file(hearth: Hearth) -> None:
    result = hearth("--help")
    assert result.code == 0
    assert all(f"\n  {verb} " in result.out for verb in VERBS)
    assert "List what ran" in result.out


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_and_takes_the_common_options(hearth: Hearth, verb: str) -> None:
    result = hearth(verb, "--help")
    assert result.code == 0
    assert all(option in result.out for option in ("--home", "--json", "--verbose"))


def test_an_unknown_verb_names_the_nearest_and_ends_with_2(hearth: Hearth) -> None:
    result = hearth("chek")
    assert result.code == 2
    assert "check" in result.err and not result.out


def test_a_missing_home_says_how_to_make_one_and_ends_with_1(
    hearth: Hearth, tmp_path: Path
) -> None:
    result = hearth("runs", "--home", tmp_path / "nowhere")
    assert result.code == 1
    assert "nowhere: error: no home here" in result.err
    assert "hint: make one with `" in result.err and "hearth init" in result.err


def test_the_home_is_the_option_then_the_variable_then_here_then_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEARTH_HOME", str(tmp_path / "named"))
    assert home_directory(Path("chosen")) == Path("chosen")
    assert home_directory(None) == tmp_path / "named"
    monkeypatch.delenv("HEARTH_HOME")
    monkeypatch.chdir(tmp_path)
    assert home_directory(None) == Path.home() / ".hearth"
    (tmp_path / "hearth.yaml").touch()
    assert home_directory(None) == Path()


def test_wrong_settings_end_a_verb_with_their_place(hearth: Hearth, home: Path) -> None:
    (home / "hearth.yaml").write_text("agent:\n  time_zon: UTC\n")
    result = hearth("up", "--home", home)
    assert result.code == 1
    assert "hearth.yaml:2:3: error: unknown key `time_zon`" in result.err
    assert "hint: did you mean `time_zone`?" in result.err


HEAVY = ("rich", "duckdb", "yaml", "jinja2", "litestar", "paho", "asyncio")
WORKERS_ALONE = ("prefect", "sqlite3", "numpy", "tvm", "tokenizers", "httpx")


@pytest.mark.parametrize(
    ("module", "unwanted"), [("edge_agent.cli.call", HEAVY), ("edge_agent.main", WORKERS_ALONE)]
)
def test_starting_imports_nothing_that_is_not_needed(
    module: str, unwanted: tuple[str, ...]
) -> None:
    code = f"import sys, {module}; print([m for m in {unwanted} if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert loaded.stdout.strip() == "[]", loaded.stderr


def _shell(command: str, home: Path) -> subprocess.CompletedProcess[str]:
    hearth = f"{sys.executable} -m edge_agent.cli"
    line = f'set -o pipefail; hearth() {{ {hearth} "$@"; }}; {command}'
    environment = {**os.environ, "HEARTH_HOME": str(home)}
    return subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, env=environment, check=False
    )


def _on_terminal(arguments: list[str], home: Path, **variables: str) -> str:
    """What a call shows on a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "HEARTH_HOME": str(home), "COLUMNS": "80", "TERM": "xterm"}
    command = [sys.executable, "-m", "edge_agent.cli", *arguments]
    call = subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment | variables)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # Linux says so when the other end is closed
        while part := os.read(ours, 4096):
            shown += part
    os.close(ours)
    call.wait()
    return shown.decode()


def test_the_name_of_a_run_is_whole_on_an_ordinary_terminal(home: Path) -> None:
    sql = "select 'abcd..12345678' run, repeat('wide ', 30) rest"
    assert "abcd..12345678" in _on_terminal(["query", sql], home)


def test_colours_can_be_switched_off(home: Path) -> None:
    red = "\x1b[31m"
    assert red in _on_terminal(["check", "nowhere"], home, NO_COLOR="")
    assert red not in _on_terminal(["check", "nowhere"], home, NO_COLOR="1")


def test_a_run_that_ended_before_it_began_took_no_time(home: Path) -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    shell = Shell(home=home, json=False, verbose=False)
    assert shell.took(noon, noon - timedelta(hours=1)) == ""


def test_an_output_that_is_read_no_further_is_no_failure(home: Path) -> None:
    cut = _shell("hearth query 'from range(20000)' | head -1", home)
    assert (cut.returncode, cut.stdout, cut.stderr) == (0, "range\n", "")


def test_an_output_that_cannot_be_written_ends_with_3(home: Path) -> None:
    full = _shell("hearth query 'select 1' > /dev/full", home)
    assert (full.returncode, full.stderr) == (3, "error: No space left on device\n")


def test_closed_streams_lead_nowhere(home: Path) -> None:
    closed = _shell("hearth query 'select 1' >&- <&-", home)
    assert (closed.returncode, closed.stderr) == (0, "")


def test_a_path_that_cannot_be_written_is_named(hearth: Hearth, home: Path) -> None:
    result = hearth("record", home / "nowhere" / "file.jsonl", "--since", "1h", "--home", home)
    assert result.code == 1
    assert result.err == f"{home}/nowhere/file.jsonl: error: No such file or directory\n"
