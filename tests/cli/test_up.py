"""`hearth up`: an agent in the foreground, as a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Hearth
from tests.servers import Mosquitto

PATIENCE_SECONDS = 30
Up = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def up(mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Up]:
    """Starts `hearth up` at a real broker; all are ended with the test."""
    environment = os.environ | {
        "HEARTH_MQTT__HOST": "127.0.0.1",
        "HEARTH_MQTT__PORT": str(mosquitto.port),
        "HEARTH_GATEWAY__PORT": "0",
        "XDG_CACHE_HOME": str(tmp_path),
    }
    processes = []

    def start(*arguments: str | Path) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "edge_agent.cli", "up", *map(str, arguments)]
        process = subprocess.Popen(
            command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def until(process: "subprocess.Popen[str]", word: str) -> str:
    """Read what the process says up to the line with a word."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if word in line:
            return said
    raise AssertionError(f"never said {word!r}:\n{said}")


def test_an_agent_runs_pipelines_answers_and_ends_in_good_order(
    up: Up, home: Path, hearth: Hearth
) -> None:
    agent = up("--home", home)
    said = until(agent, "Ctrl-C")
    assert "broker   mqtt://127.0.0.1:" in said and "http     http://127.0.0.1:" in said
    assert hearth("send", "demo/hello", '{"name": "Ada"}', "--home", home).code == 0
    assert "hello" in hearth("runs", "--home", home).out
    assert "Hello Ada" in hearth("trace", "--home", home).out
    agent.send_signal(signal.SIGTERM)
    assert agent.wait(5) == 0
    assert "hello" in hearth("runs", "--home", home).out


def test_a_second_agent_in_a_home_is_refused_with_who_holds_it(up: Up, home: Path) -> None:
    first = up("--home", home)
    until(first, "Ctrl-C")
    second = up("--home", home)
    said, _ = second.communicate(timeout=PATIENCE_SECONDS)
    assert second.returncode == 3 and str(first.pid) in said
    first.send_signal(signal.SIGINT)
    assert first.wait(5) == 0


def test_an_agent_ends_by_itself_after_a_while(up: Up, home: Path) -> None:
    agent = up("--home", home, "--for", "200ms")
    assert agent.wait(PATIENCE_SECONDS) == 0


def test_the_demo_shows_runs_and_what_they_do(up: Up, tmp_path: Path) -> None:
    demo = up("--demo", "--home", tmp_path / "demo")
    said = until(demo, "→ device hall_lamp state=on")
    assert "export HEARTH_HOME=" in said and "Try this in another terminal" in said
    assert "hall_motion occupancy yes" in said
    demo.send_signal(signal.SIGINT)
    rest, _ = demo.communicate(timeout=5)
    assert demo.returncode == 0 and "Traceback" not in rest
