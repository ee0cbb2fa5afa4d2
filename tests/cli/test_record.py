"""`hearth record`: what comes is written down, and plays again."""

from pathlib import Path

import msgspec
import paho.mqtt.publish

from edge_agent.cli.verbs.replay import read_recording
from tests.cli.conftest import Hearth
from tests.gateway.fakes import Parts
from tests.servers import Mosquitto


def test_live_messages_are_written_down_byte_for_byte(
    hearth: Hearth, home: Path, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    (home / "hearth.yaml").write_text(f"mqtt: {{host: 127.0.0.1, port: {mosquitto.port}}}")
    for topic, payload in (("a/b", b'{"x": 1}'), ("a/c", b"\xff\x00"), ("other", b"no")):
        paho.mqtt.publish.single(topic, payload, qos=1, retain=True, port=mosquitto.port)
    file = tmp_path / "r.jsonl"
    result = hearth("record", "--home", home, file, "--for", "1s", "--topic", "a/+", "--json")
    assert result.code == 0 and result.out == '{\n  "recorded": 2\n}\n', result.err
    lines = sorted((m.topic, m.payload, m.retain, m.base64) for _, m in read_recording(file))
    assert lines == [("a/b", '{"x": 1}', True, False), ("a/c", "/wA=", True, True)]


def test_a_full_disk_ends_the_recording_and_is_named(
    hearth: Hearth, home: Path, mosquitto: Mosquitto
) -> None:
    (home / "hearth.yaml").write_text(f"mqtt: {{host: 127.0.0.1, port: {mosquitto.port}}}")
    paho.mqtt.publish.single("a/b", b"1", qos=1, retain=True, port=mosquitto.port)
    result = hearth("record", "--home", home, "/dev/full", "--for", "60s", "--topic", "a/+")
    told = "recording a/+\n/dev/full: error: No space left on device\n"
    assert (result.code, result.err) == (3, told)


def test_what_the_ledger_holds_is_written_down(
    hearth: Hearth, home: Path, parts: Parts, tmp_path: Path
) -> None:
    file = tmp_path / "r.jsonl"
    assert hearth("record", "--home", home, file, "--since", "1h").code == 0
    (line,) = file.read_bytes().splitlines()
    assert msgspec.json.decode(line) == {"ts": 1.0, "topic": "a/b", "payload": "x"}


def test_a_pipeline_played_over_the_ledger_is_told(
    hearth: Hearth, home: Path, parts: Parts, tmp_path: Path
) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("id: freezer-alarm")
    result = hearth("replay", "--home", home, "--pipeline", file, "--since", "1h")
    assert result.code == 0 and "0 events from" in result.out and "no runs" in result.out
    assert hearth("replay", "--home", home, "--pipeline", file).code == 2


def test_why_not_is_one_sentence_first(hearth: Hearth, home: Path, parts: Parts) -> None:
    result = hearth("why-not", "--home", home, "freezer-alarm", "--at", "18:00")
    assert result.code == 0
    assert result.out.splitlines()[0] == "freezer-alarm did not run: nothing came."
    assert hearth("why-not", "--home", home, "freezer-alarm", "--at", "soon").code == 2
