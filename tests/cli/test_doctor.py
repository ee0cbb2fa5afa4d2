"""`hearth doctor`: what may be wrong is found and told."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.channels.message import ChannelState
from edge_agent.cli import checkup
from edge_agent.cli.greeting import Welcome, greet, hello, read_answer
from schemas.settings import MqttSettings, Settings
from tests.servers import Mosquitto, free_port


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    server = Mosquitto(tmp_path_factory.mktemp("mosquitto"), "max_inflight_messages 20").start()
    yield server
    server.kill()


def test_a_broker_tells_how_many_messages_it_leaves_under_way(
    broker: Mosquitto, tmp_path: Path
) -> None:
    settings = MqttSettings(host="127.0.0.1", port=broker.port, username="me", password="x")
    assert asyncio.run(greet(settings, tmp_path)) == Welcome(20)


def test_few_messages_under_way_are_a_warning_with_what_to_write(
    broker: Mosquitto, tmp_path: Path
) -> None:
    settings = Settings(mqtt=MqttSettings(host="127.0.0.1", port=broker.port))
    good, warning = checkup.broker(settings, tmp_path)
    assert (good.state, warning.state) == ("good", "warning")
    assert "max_inflight_messages 1000" in warning.hint


def test_a_broker_that_is_not_there_is_bad(tmp_path: Path) -> None:
    settings = Settings(mqtt=MqttSettings(host="127.0.0.1", port=free_port()))
    (finding,) = checkup.broker(settings, tmp_path)
    assert finding.state == "bad" and "127.0.0.1" in finding.text


@pytest.mark.parametrize(
    ("packet", "text"),
    [
        (b"\x20\x03\x00\x86\x00", "user name or password is wrong"),
        (b"\x20\x02\x00\x05", "not allowed to connect"),
        (b"\x20\x03\x00\x9f\x00", "reason 0x9f"),
        (b"HTTP/1.1 400 Bad Request", "no MQTT broker"),
        (b"", "no MQTT broker"),
    ],
)
def test_a_refusal_is_told_in_words(packet: bytes, text: str) -> None:
    answer = read_answer(packet)
    assert isinstance(answer, ChannelState) and text in answer.reason


def test_a_long_greeting_has_its_length_in_two_bytes() -> None:
    packet = hello(MqttSettings(username="u" * 200), "id")
    assert packet[1] & 0x80 and len(packet) == 3 + (packet[1] & 0x7F) + packet[2] * 128


def test_secrets_that_others_may_read_are_bad(home: Path) -> None:
    (home / "secrets.yaml").chmod(0o644)
    found = {finding.what: finding for finding in checkup.files(home)}
    assert found["secrets"].state == "bad" and "chmod 600" in found["secrets"].hint


def test_a_home_without_a_place_has_no_sun() -> None:
    states = {finding.what: finding.state for finding in checkup.clock(Settings())}
    assert states == {"time": "good", "place": "warning"}
