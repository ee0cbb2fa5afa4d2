"""Verbs in a home that no agent holds."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from tests.cli.conftest import Hearth
from tests.servers import Mosquitto, free_port

EVENT = ["--event", '{"name": "Ada"}']


class Ear:
    """A client that hears one topic."""

    def __init__(self, port: int, topic: str) -> None:
        self.heard: list[str] = []
        self._news = threading.Event()
        subscribed = threading.Event()
        self.client = Client(CallbackAPIVersion.VERSION2)
        self.client.on_message = self._hear
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.connect("127.0.0.1", port)
        self.client.subscribe(topic)
        self.client.loop_start()
        assert subscribed.wait(10)

    def _hear(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        self.heard.append(message.payload.decode())
        self._news.set()

    def next(self) -> str:
        """What comes next."""
        assert self._news.wait(10)
        self._news.clear()
        return self.heard[-1]


@pytest.fixture
def listen(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Ear]]:
    """The home's broker is a real one; gives ears at it."""
    monkeypatch.setenv("HEARTH_MQTT__HOST", "127.0.0.1")
    monkeypatch.setenv("HEARTH_MQTT__PORT", str(mosquitto.port))
    ears: list[Ear] = []

    def ear(topic: str) -> Ear:
        ears.append(Ear(mosquitto.port, topic))
        return ears[-1]

    yield ear
    for each in ears:
        each.client.loop_stop()
        each.client.disconnect()


def test_a_run_acts_at_the_broker_and_is_recorded(
    hearth: Hearth, home: Path, listen: Callable[[str], Ear]
) -> None:
    ear = listen("demo/answer")
    result = hearth("run", "hello", *EVENT, "--home", home)
    assert result.code == 0 and "→ publish demo/answer Hello Ada" in result.out
    assert ear.next() == "Hello Ada"
    runs = json.loads(hearth("runs", "--home", home, "--json").out)
    assert [(run["pipeline"], run["state"]) for run in runs] == [("hello", "completed")]
    assert "Hello Ada" in hearth("trace", "--home", home).out


def test_a_dry_run_needs_no_broker_and_leaves_nothing(hearth: Hearth, home: Path) -> None:
    result = hearth("run", "hello", *EVENT, "--dry-run", "--home", home)
    assert result.code == 0 and "(not performed) publish demo/answer Hello Ada" in result.out
    assert json.loads(hearth("runs", "--home", home, "--json").out) == []


def test_conditions_are_asked_unless_forced(hearth: Hearth, home: Path) -> None:
    refused = hearth("run", "hello", "--event", "7", "--dry-run", "--home", home)
    assert refused.code == 1 and "conditions do not hold" in refused.err
    forced = hearth("run", "hello", "--event", '{"a": 1}', "--force", "--dry-run", "--home", home)
    assert forced.code == 0


def test_a_condition_that_cannot_be_asked_says_why_unless_forced(
    hearth: Hearth, home: Path
) -> None:
    (home / "pipelines" / "dusk.yaml").write_text(
        "id: dusk\ntriggers: [startup]\nconditions: [{sun: {after: sunset}}]\nsteps: [{log: hi}]\n"
    )
    asked = hearth("run", "dusk", "--dry-run", "--home", home)
    assert asked.code == 1 and "before the first step: the place of the home" in asked.err
    forced = hearth("run", "dusk", "--dry-run", "--force", "--home", home)
    assert forced.code == 0 and "✓ log" in forced.out


def test_a_message_goes_to_the_broker(
    hearth: Hearth, home: Path, listen: Callable[[str], Ear]
) -> None:
    ear = listen("a/b")
    assert hearth("send", "a/b", "hello", "--home", home).code == 0
    assert ear.next() == "hello"


def test_without_agent_and_broker_nothing_can_be_sent(hearth: Hearth, home: Path) -> None:
    result = hearth("send", "a/b", "hello", "--home", home)
    assert result.code == 3 and "start it with `hearth up`" in result.err


def test_a_broker_that_is_away_is_outside(
    hearth: Hearth, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.cli.alone.CONNECT_SECONDS", 0.3)
    monkeypatch.setenv("HEARTH_MQTT__HOST", "127.0.0.1")
    monkeypatch.setenv("HEARTH_MQTT__PORT", str(free_port()))
    result = hearth("device", "lamp", "toggle", "--home", home)
    assert result.code == 3 and "127.0.0.1" in result.err


def test_a_home_with_nothing_in_it_answers(hearth: Hearth, home: Path) -> None:
    assert hearth("runs", "--home", home).err == "no runs\n"
    assert hearth("trace", "--home", home).code == 1
    assert json.loads(hearth("devices", "--home", home, "--json").out) == []
    counted = hearth("query", "select count(*) n from runs", "--home", home, "--json")
    assert json.loads(counted.out) == [{"n": 0}]


def test_wrong_sql_is_the_users_mistake(hearth: Hearth, home: Path) -> None:
    result = hearth("query", "selec 1", "--home", home)
    assert result.code == 1 and "error" in result.err


def test_a_pipeline_that_is_not_there_is_the_users_mistake(hearth: Hearth, home: Path) -> None:
    result = hearth("run", "helo", "--dry-run", "--home", home)
    assert result.code == 1 and "helo" in result.err


def test_what_was_sent_is_not_sent_again_by_the_next_call(
    hearth: Hearth, home: Path, listen: Callable[[str], Ear]
) -> None:
    ear = listen("a/b")
    for text in ("one", "two", "three"):
        assert hearth("send", "a/b", text, "--home", home).code == 0
        assert ear.next() == text
    assert ear.heard == ["one", "two", "three"]


def test_an_unknown_pipeline_is_told_and_not_the_warnings_of_others(
    hearth: Hearth, home: Path
) -> None:
    (home / "pipelines" / "other.yaml").write_text("{id: other, steps: [{run: later}]}")
    result = hearth("run", "nothing", "--home", home)
    assert result.code == 1 and result.err == "hearth: error: there is no pipeline `nothing`\n"
