"""`hearth prefect up` ends quietly on Ctrl-C and SIGTERM, whatever it does just then."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.prefect.scene import until

Process = subprocess.Popen[str]
Start = Callable[[], Process]
ENDS = [(signal.SIGINT, 130), (signal.SIGTERM, 0)]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Where the server of the home keeps its files."""
    return tmp_path / "data" / "prefect"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the command as a terminal does, in a process group of its own."""
    begun: list[Process] = []

    def start() -> Process:
        command = [sys.executable, "-m", "edge_agent.cli", "prefect", "up", "--port", "0"]
        process = subprocess.Popen(
            [*command, "--home", str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )
        begun.append(process)
        return process

    yield start
    for process in begun:
        process.kill()
        process.communicate()


def end(process: Process, number: int) -> tuple[int, str]:
    """Signal the group, as Ctrl-C does; the exit code and what else was said."""
    os.killpg(process.pid, number)
    said, _ = process.communicate(timeout=10)
    return process.returncode, said


def line_of(process: Process, word: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(word):
            return
    raise AssertionError(f"never said {word}")


@pytest.mark.parametrize(("number", "code"), ENDS)
def test_while_it_serves(start: Start, data: Path, tables: Path, number: int, code: int) -> None:
    data.mkdir(parents=True)
    shutil.copy(tables, data / "prefect.db")
    process = start()
    line_of(process, "prefect")
    assert end(process, number) == (code, "")


@pytest.mark.parametrize(("number", "code"), ENDS)
async def test_while_it_makes_its_tables(start: Start, data: Path, number: int, code: int) -> None:
    process = start()
    line_of(process, "starting")
    await until((data / "prefect.db").exists)
    assert end(process, number) == (code, "")


def test_while_it_is_imported(start: Start) -> None:
    process = start()
    line_of(process, "starting")
    code, said = end(process, signal.SIGINT)
    assert code == 130 and said.strip() in ("", "interrupted")
