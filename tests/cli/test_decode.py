"""`hearth decode` and `hearth encode`: firmware profiles from the shell."""

import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Hearth

LAMP = '{"state": "ON", "brightness": 127}'


def test_a_message_is_told_to_a_person(hearth: Hearth, home: Path) -> None:
    result = hearth("decode", "zigbee2mqtt/lamp", LAMP, "--home", home)
    assert result.code == 0
    rows = [line.split() for line in result.out.splitlines()]
    assert ["device", "lamp"] in rows and ["brightness", "50.0", "%"] in rows


def test_it_is_explained_which_rule_read_it_and_what_each_key_became(
    hearth: Hearth, home: Path
) -> None:
    payload = '{"ENERGY": {"Power": 12, "Total": 3}, "TempUnit": "C"}'
    result = hearth("decode", "--explain", "tele/plug/SENSOR", payload, "--home", home, "--json")
    answer = json.loads(result.out)
    assert answer["rule"] == "tasmota: tele SENSOR of plug (by its prefix)"
    became = {each["key"]: [r["property"] for r in each["readings"]] for each in answer["explain"]}
    assert became == {"ENERGY": ["power", "energy"], "TempUnit": []}


def test_a_topic_of_no_profile_is_the_users_mistake(hearth: Hearth, home: Path) -> None:
    result = hearth("decode", "fence/post", "1", "--home", home)
    assert result.code == 1 and "no profile knows the topic fence/post" in result.err


def test_a_profile_of_the_home_is_used(hearth: Hearth, home: Path) -> None:
    (home / "profiles" / "fence.yaml").write_text(
        "profile: fence\nmessages:\n  - {topic: 'fence/{device}', value: '', property: voltage}\n"
    )
    result = hearth("decode", "fence/post", '{"voltage": 5}', "--home", home, "--json")
    assert json.loads(result.out)["firmware"] == "fence"


def lines(monkeypatch: pytest.MonkeyPatch, *texts: str) -> None:
    stdin = io.TextIOWrapper(io.BytesIO("\n".join(texts).encode()))
    monkeypatch.setattr("sys.stdin", stdin)


def test_each_line_is_answered_on_its_own(
    hearth: Hearth, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = {"topic": "zigbee2mqtt/bridge/devices", "payload": "[]", "retain": True}
    with_setup = {"topic": "zigbee2mqtt/lamp", "payload": LAMP, "setup": [devices]}
    without = {"topic": "zigbee2mqtt/lamp", "payload": LAMP, "retain": False}
    lines(monkeypatch, json.dumps(with_setup), "", json.dumps(without))
    result = hearth("decode", "--jsonl", "--home", home)
    answers = [json.loads(line) for line in result.out.splitlines()]
    assert result.code == 0 and [a["device"] for a in answers] == ["lamp", "lamp"]


def test_a_line_that_is_no_json_is_answered_too(
    hearth: Hearth, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines(monkeypatch, "nonsense", json.dumps({"topic": "zigbee2mqtt/a", "payload": LAMP}))
    result = hearth("decode", "--jsonl", "--home", home)
    first, second = map(json.loads, result.out.splitlines())
    assert result.code == 1 and "error" in first and second["device"] == "a"


def test_a_command_becomes_its_message(hearth: Hearth, home: Path) -> None:
    result = hearth("encode", "zigbee2mqtt", "lamp", "set", "state=on", "--home", home)
    assert result.code == 0 and result.out == 'zigbee2mqtt/lamp/set {"state":"ON"}\n'


def test_intents_become_messages_line_by_line(
    hearth: Hearth, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    intent = {"action": "set", "property": "brightness", "value": 100, "unit": "%"}
    lines(
        monkeypatch,
        json.dumps({"firmware": "zigbee2mqtt", "device": "lamp", "intent": intent}),
        json.dumps({"firmware": "unheard-of", "device": "lamp", "intent": intent}),
    )
    result = hearth("encode", "--jsonl", "--home", home)
    good, bad = map(json.loads, result.out.splitlines())
    assert good["topic"] == "zigbee2mqtt/lamp/set" and "unheard-of" in bad["error"]
    assert result.code == 1
