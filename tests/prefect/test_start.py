"""What keeps `hearth prefect up` from starting is told in a line."""

import subprocess
import sys
from pathlib import Path

import pytest


def start(home: Path, *arguments: str) -> tuple[int, str]:
    """The exit code, and the last line that was said; no traceback stands before it."""
    command = [sys.executable, "-m", "edge_agent.cli", "prefect", "up", "--home", str(home)]
    ended = subprocess.run(
        [*command, "--port", "0", *arguments], capture_output=True, text=True, timeout=60
    )
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stderr.splitlines()[-1]


def test_a_database_that_does_not_answer_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://someone:hush@127.0.0.1:9/runs"
    code, said = start(tmp_path, "--database", url)
    assert code == 3 and said.startswith("error: the database 127.0.0.1:9/runs: Connect")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "data" / "prefect" / "prefect.db"
    file.parent.mkdir(parents=True)
    file.write_text("no database")
    assert start(tmp_path) == (3, f"error: {file}: file is not a database")


def test_an_address_that_is_none(tmp_path: Path) -> None:
    code, said = start(tmp_path, "--host", "300.1.1.1")
    assert code == 3 and said.startswith("error: 300.1.1.1: ")


@pytest.mark.parametrize("url", ["mysql://host/runs", "runs.db"])
def test_a_database_of_another_kind_is_a_wrong_command_line(tmp_path: Path, url: str) -> None:
    assert start(tmp_path, "--database", url)[0] == 2
