"""The shipped profiles on cases, and on the corpus where it lies beside the checkout."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from edge_agent.devices.lines import decode_line, encode_line, explain_line
from edge_agent.devices.profiles import load_profiles
from firmware_profiles import generic
from pipelines.source import Reader
from schemas.profile import Profile
from tests.firmware.corpus import command_differences, comparator, differences, records
from tests.firmware.likeness import same_message, same_publication

CASES = Path(__file__).parents[1] / "cases"
CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
needs_corpus = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the corpus is not beside the checkout"
)


@pytest.fixture(scope="module")
def shipped() -> list[Profile]:
    profiles, problems = load_profiles()
    assert problems == []
    return profiles


def cases(kind: str) -> list[Any]:
    found = []
    for path in sorted((CASES / kind).glob("*.yaml")):
        reader = Reader(path.parent)
        tree = reader.load(path)
        assert not reader.problems, "\n".join(map(str, reader.problems))
        for index, case in enumerate(tree):
            found.append(pytest.param(case, id=f"{path.stem}-{case.get('name', index)}"))
    return found


@pytest.mark.parametrize("case", cases("decode"))
def test_a_message_is_read_as_its_case_says(case: dict[str, Any], shipped: list[Profile]) -> None:
    said = decode_line(case, [*shipped, *generic.profiles(case.get("devices", ()))])
    assert same_message(case["expect"], said) == []
    count = Counter(reading["property"] for reading in said["readings"])
    assert not [name for name in case.get("absent", ()) if count[name]]
    assert not [name for name in case.get("once", ()) if count[name] != 1]
    assert not [name for name in case.get("lacks", ()) if name in said]


@pytest.mark.parametrize("case", cases("encode"))
def test_a_command_is_sent_as_its_case_says(case: dict[str, Any], shipped: list[Profile]) -> None:
    line = {"firmware": "zigbee2mqtt", **case}
    if "error" not in case:
        assert same_publication(case["publish"], encode_line(line, shipped)) == []
        return
    with pytest.raises(LookupError) as raised:
        encode_line(line, shipped)
    assert str(raised.value) == case["error"]


@needs_corpus
@pytest.mark.parametrize("firmware", ["openmqttgateway", "tasmota", "zigbee2mqtt"])
def test_every_record_of_the_corpus_passes(firmware: str, shipped: list[Profile]) -> None:
    compare, compare_command = comparator(CORPUS)
    wrong = {
        record["id"]: found
        for record in records(CORPUS)
        if record["firmware"] == firmware and (found := differences(record, shipped, compare))
    }
    wrong |= {
        case["id"]: found
        for case in records(CORPUS, "commands")
        if case["firmware"] == firmware
        and not case.get("needs_profile")
        and (found := command_differences(case, shipped, compare_command))
    }
    assert wrong == {}


@needs_corpus
def test_no_record_of_any_firmware_crashes_or_vanishes(shipped: list[Profile]) -> None:
    for record in records(CORPUS):
        said = decode_line(record, shipped)
        assert said["firmware"]
        assert said["device"]
        assert said["channel"]


def test_a_message_can_be_explained_key_by_key(shipped: list[Profile]) -> None:
    payload = {"illuminance": 9000, "illuminance_lux": 12, "x": None}
    told = explain_line({"topic": "zigbee2mqtt/a", "payload": payload}, shipped)
    assert told["rule"] == "zigbee2mqtt: state of a by the shared keys"
    assert [(each["key"], len(each["readings"])) for each in told["explain"]] == [
        ("illuminance", 0),
        ("illuminance_lux", 1),
        ("x", 0),
    ]
