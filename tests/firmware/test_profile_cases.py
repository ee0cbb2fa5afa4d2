"""Profiles in the user's language: each case file is one profile with what it must say."""

from pathlib import Path
from typing import Any

import pytest

from edge_agent.devices.lines import decode_line, encode_line
from edge_agent.devices.profiles import decode_profile
from pipelines.source import Reader
from schemas.problem import Position
from schemas.profile import Profile
from tests.firmware.corpus import records
from tests.firmware.likeness import same_message, same_publication

CASES = Path(__file__).parents[1] / "cases" / "profiles"
CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
FILES = sorted(CASES.glob("*.yaml"))
FOR_RECORDS = [path for path in FILES if "records: [" in path.read_text("utf-8")]


def parsed(path: Path) -> tuple[Profile, dict[str, Any]]:
    reader = Reader(path.parent)
    tree = reader.load(path)
    assert not reader.problems, "\n".join(map(str, reader.problems))
    profile, problems = decode_profile(tree["profile"], Position(path.name, 1, 1))
    assert not problems, "\n".join(map(str, problems))
    assert profile is not None
    return profile, tree


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_profile_reads_its_messages(path: Path) -> None:
    profile, tree = parsed(path)
    for case in tree.get("cases", ()):
        said = decode_line(dict(case), [profile])
        assert same_message(case["expect"], said) == [], case
        properties = {reading["property"] for reading in said["readings"]}
        assert properties.isdisjoint(case.get("absent", ()))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_profile_sends_its_commands(path: Path) -> None:
    profile, tree = parsed(path)
    for case in tree.get("commands", ()):
        line = {"firmware": profile.profile, "device": case["device"], "intent": case["intent"]}
        if "error" in case:
            with pytest.raises(LookupError) as raised:
                encode_line(line, [profile])
            assert str(raised.value) == case["error"]
        else:
            assert same_publication(case["publish"], encode_line(line, [profile])) == []


@pytest.mark.parametrize("path", FOR_RECORDS, ids=lambda path: path.stem)
def test_a_profile_passes_the_records_it_was_written_for(path: Path) -> None:
    profile, tree = parsed(path)
    wanted = {*tree.get("records", ()), *tree.get("command_records", ())}
    if not CORPUS.is_dir():
        pytest.skip("the corpus is not beside the checkout")
    found = [each for kind in (".", "commands") for each in records(CORPUS, kind)]
    mine = [record for record in found if record["id"] in wanted]
    assert {record["id"] for record in mine} == wanted
    for record in mine:
        if "intent" in record:
            assert same_publication(record["publish"], encode_line(record, [profile])) == []
        else:
            said = decode_line(record, [profile])
            assert said["firmware"] == profile.profile
            assert same_message(record.get("expect", {}), said) == []


def test_every_generic_record_has_a_profile_written_for_it() -> None:
    if not CORPUS.is_dir():
        pytest.skip("the corpus is not beside the checkout")
    wanted = {
        record["id"]
        for kind in (".", "commands")
        for record in records(CORPUS, kind)
        if record["firmware"] == "generic-json"
    }
    written = [parsed(path)[1] for path in FILES]
    covered = {
        id for tree in written for key in ("records", "command_records") for id in tree.get(key, ())
    }
    assert covered == wanted
