"""Ctrl-C ends a command quietly with 130, whatever it does just then."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from edge_agent.cli.interrupting import interruptible

COMMAND = [sys.executable, "-m", "edge_agent.cli"]
QUIET = "interrupted"
LONG = "id: long\ntriggers: [startup]\nsteps: [{delay: 1h}]\n"


def start(*arguments: str, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*COMMAND, *arguments],
        env=_without_hearth(os.environ) | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )


def _without_hearth(environment: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in environment.items() if not k.startswith("HEARTH_")}


def test_while_it_is_imported(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt", encoding="utf-8")
    process = start("runs", PYTHONPATH=str(tmp_path))
    said, _ = process.communicate(timeout=30)
    assert (process.returncode, said.strip()) == (130, QUIET)


def test_while_it_opens_the_ledger(tmp_path: Path) -> None:
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "long.yaml").write_text(LONG, encoding="utf-8")
    process = start("run", "long", "--home", str(tmp_path))
    patience = threading.Timer(30, process.kill)
    patience.start()
    while not (tmp_path / "data" / "ledger.duckdb").exists() and process.poll() is None:
        threading.Event().wait(0.002)
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate()
    patience.cancel()
    assert (process.returncode, said.strip()) == (130, QUIET)


def test_where_a_library_makes_an_error_of_its_own_of_it() -> None:
    with pytest.raises(KeyboardInterrupt), interruptible():
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise RuntimeError("called back") from None


def test_an_error_without_it_stays_one() -> None:
    with pytest.raises(RuntimeError, match="its own"), interruptible():
        raise RuntimeError("its own")
