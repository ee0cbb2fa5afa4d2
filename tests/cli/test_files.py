"""Files changed under a running agent: reload, history, diff, rollback, shadow."""

import json
import signal
from pathlib import Path

import pytest

from edge_agent.cli.agent import RunningAgent
from schemas.shadows import StartShadow
from tests.cli.conftest import Hearth
from tests.cli.test_up import Up, until, up
from tests.gateway.fakes import Parts

__all__ = ["up"]
FILE = "pipelines/hello.yaml"


@pytest.fixture
def agent(up: Up, home: Path) -> Path:
    """The home of an agent that runs."""
    until(up("--home", home), "Ctrl-C")
    return home


def _edit(home: Path, before: str, after: str) -> None:
    path = home / FILE
    path.write_text(path.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")


def test_a_bad_file_is_told_with_its_place_and_the_last_good_version_goes_on(
    agent: Path, hearth: Hearth
) -> None:
    _edit(agent, "publish:", "pubish:")
    told = hearth("reload", "--home", agent)
    assert told.code == 1 and "last good    hello" in told.out
    assert f"{FILE}:11:5: error: unknown step `pubish`" in told.err
    assert hearth("check", agent).code == 1
    ran = hearth("run", "hello", "--event", '{"name": "Ada"}', "--home", agent)
    assert ran.code == 0 and "Hello Ada" in ran.out
    _edit(agent, "pubish:", "publish:")
    told = hearth("reload", "--home", agent, "--json")
    assert told.code == 0 and json.loads(told.out)["unchanged"] == 1


def test_versions_are_listed_compared_and_had_back(agent: Path, hearth: Hearth) -> None:
    _edit(agent, "Hello {{", "Hi {{")
    assert "changed      hello" in hearth("reload", "--home", agent).out
    listed = json.loads(hearth("history", "hello", "--home", agent, "--json").out)
    assert [(each["number"], each["current"]) for each in listed] == [(2, True), (1, False)]
    compared = hearth("diff", "hello", "--home", agent).out.splitlines()
    assert sum(line.startswith("+") and "Hi {{" in line for line in compared) == 1
    assert sum(line.startswith("-") and "Hello {{" in line for line in compared) == 1
    back = hearth("rollback", "hello", "--home", agent)
    assert back.code == 0 and f"back at version 1: {FILE} was written" in back.out
    assert "Hello {{" in (agent / FILE).read_text(encoding="utf-8")
    assert hearth("diff", "hello", "1", "3", "--home", agent).err == "they say the same\n"


def test_versions_are_there_without_an_agent_too(up: Up, home: Path, hearth: Hearth) -> None:
    process = up("--home", home)
    until(process, "Ctrl-C")
    _edit(home, "Hello {{", "Hi {{")
    assert hearth("reload", "--home", home).code == 0
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0
    assert "2 *" in hearth("history", "hello", "--home", home).out
    assert hearth("rollback", "hello", "--home", home).code == 0
    assert "Hello {{" in (home / FILE).read_text(encoding="utf-8")
    assert hearth("rollback", "nobody", "--home", home).code == 1
    assert hearth("reload", "--home", home).code == 3


def test_a_signal_reloads(up: Up, home: Path, hearth: Hearth) -> None:
    process = up("--home", home)
    until(process, "Ctrl-C")
    _edit(home, "Hello {{", "Hi {{")
    process.send_signal(signal.SIGHUP)
    assert "pipelines reloaded" in until(process, "reloaded")


def test_another_version_is_run_beside_and_compared(agent: Path, hearth: Hearth) -> None:
    text = (agent / FILE).read_text(encoding="utf-8")
    running = RunningAgent(agent / "data" / "agent.sock")
    begun = running.start_shadow(StartShadow(text.replace("Hello", "Hi"), "other.yaml"))
    hearth("send", "demo/hello", '{"name": "Ada"}', "--home", agent)
    [firing] = running.stop_shadow(begun.id).firings
    assert firing.verdict == "different" and firing.live and firing.candidate
    assert [each.payload for each in firing.live.actions] == ["Hello Ada"]
    assert [each.payload for each in firing.candidate.actions] == ["Hi Ada"]


def test_a_version_with_errors_is_not_run_beside(agent: Path, hearth: Hearth) -> None:
    other = agent / "other.yaml"
    other.write_text("id: x\nstops: []\n", encoding="utf-8")
    told = hearth("shadow", other, "--home", agent)
    assert told.code == 1 and "other.yaml:2:1: error: unknown key `stops`" in told.err


def test_a_comparison_is_shown_side_by_side(parts: Parts, home: Path, hearth: Hearth) -> None:
    told = hearth("shadow", home / FILE, "--for", "10ms", "--home", home)
    assert told.out.splitlines() == [
        "time      pipeline       event   verdict    live did                candidate would",
        "12:00:00  freezer-alarm  mqtt a  different  publish out 1           did not run",
        '                                            device lamp {"set": 1}',
        "2 firings: 1 same, 1 different",
    ]
