"""`hearth test`: what it prints, for whom, and how it ends."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.conftest import Hearth

GOOD = """
id: lamp
triggers: [{id: pir, mqtt: go}, {id: never, mqtt: other}]
steps: [{publish: {topic: a}}]
tests:
  - name: it goes on
    script: [{publish: {topic: go}}, {expect: {publish: a}}]
  - name: it stays off
    script: [{expect: nothing}]
"""
BAD = GOOD.replace("id: lamp", "id: sad").replace("expect: nothing", "expect: {publish: b}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.yaml").write_text(GOOD)
    return tmp_path


def test_a_line_for_each_test_and_a_count(hearth: Hearth, folder: Path) -> None:
    result = hearth("test", folder)
    first, second, last = result.out.splitlines()
    assert result.code == 0
    assert first.startswith("✓ it goes on") and "good.yaml:6" in first and first.endswith(" ms")
    assert second.startswith("✓ it stays off")
    assert last.startswith("2 passed in ")


def test_a_failed_test_is_told_and_counts(hearth: Hearth, folder: Path) -> None:
    (folder / "bad.yaml").write_text(BAD)
    result = hearth("test", folder)
    assert result.code == 1
    assert "✗ it stays off" in result.out
    assert "    expected, but it did not happen:\n      - {publish: b}" in result.out
    assert result.out.splitlines()[-1].startswith("1 failed, 3 passed in ")
    assert "\x1b" not in result.out


def test_some_tests_by_name_pipeline_or_file(hearth: Hearth, folder: Path) -> None:
    (folder / "bad.yaml").write_text(BAD)
    for pattern, count in (("GOES", 2), ("sad", 2), ("good", 2), ("stays", 2)):
        result = hearth("test", folder, "-k", pattern, "--json")
        assert len(json.loads(result.out)["tests"]) == count, pattern


def test_no_test_at_all_is_no_success(hearth: Hearth, folder: Path) -> None:
    assert hearth("test", folder, "-k", "nobody").code == 1
    (folder / "good.yaml").write_text("id: lamp\nsteps: []\n")
    result = hearth("test", folder)
    assert (result.code, result.out.splitlines()[0]) == (1, "no tests found")


def test_mistakes_in_a_file_are_problems(hearth: Hearth, folder: Path) -> None:
    (folder / "good.yaml").write_text(GOOD.replace("expect: nothing", "expect: nothng"))
    result = hearth("test", folder)
    assert result.code == 1
    assert "error: `expect`: `nothng` is none of `nothing`" in result.out
    result = hearth("test", folder / "gone.yaml")
    assert (result.code, "there is no such file or folder" in result.err) == (1, True)


def test_for_machines(hearth: Hearth, folder: Path) -> None:
    (folder / "bad.yaml").write_text(BAD)
    report = json.loads(hearth("test", folder, "--json", "--coverage").out)
    assert (report["passed"], report["failed"]) == (3, 1)
    failed = next(test for test in report["tests"] if not test["passed"])
    (mismatch,) = failed["failure"]["mismatches"]
    assert (mismatch["expected"]["target"], mismatch["happened"]) == ("b", None)
    (covered,) = [each for each in report["coverage"] if each["pipeline"] == "lamp"]
    assert covered["percent"] == 50.0
    assert [way["what"] for way in covered["ways"] if not way["taken"]] == [
        "trigger `never` (mqtt)"
    ]


def test_coverage_for_people(hearth: Hearth, folder: Path) -> None:
    out = hearth("test", folder, "--coverage").out
    assert " 50.0 %  lamp  1 of 2 ways" in out
    assert "not taken: trigger `never` (mqtt)" in out


def test_junit_for_build_servers(hearth: Hearth, folder: Path) -> None:
    (folder / "bad.yaml").write_text(BAD)
    (folder / "broken.yaml").write_text("id: broken\nstpes: []\n")
    assert hearth("test", folder, "--junit", folder / "report.xml").code == 1
    root = ElementTree.parse(folder / "report.xml").getroot()
    suites = {Path(suite.get("name") or "").name: suite for suite in root}
    assert (root.tag, set(suites)) == ("testsuites", {"good.yaml", "bad.yaml", "broken.yaml"})
    parts = ["properties", "testcase", "testcase", "system-out", "system-err"]
    assert [part.tag for part in suites["bad.yaml"]] == parts
    assert suites["bad.yaml"].get("failures") == "1"
    failure = suites["bad.yaml"].find("testcase/failure")
    assert failure is not None and "- {publish: b}" in (failure.text or "")
    assert suites["broken.yaml"].find("testcase/error") is not None
    assert hearth("test", folder, "--junit", folder / "no" / "report.xml").code == 3


def test_many_files_are_played_in_order(hearth: Hearth, tmp_path: Path) -> None:
    for number in range(70):
        (tmp_path / f"{number:02}.yaml").write_text(GOOD.replace("lamp", f"lamp-{number}"))
    report = json.loads(hearth("test", tmp_path, "--json").out)
    assert report["passed"] == 140
    names = [test["file"] for test in report["tests"]]
    assert names == sorted(names)


def test_a_home_brings_its_devices_and_its_zone(hearth: Hearth, home: Path) -> None:
    (home / "devices.yaml").write_text('hall: {key: "zigbee2mqtt:0x01", labels: {kind: lamp}}\n')
    (home / "pipelines" / "lamps.yaml").write_text("""
id: lamps
triggers: [{reading: {device: hall, property: state, to: on}}]
steps:
  - device: {device: {label: kind=lamp}, set: {state: off}}
  - run: other
tests:
  - name: by the name it has at home, and with a pipeline of another file
    script:
      - publish: {topic: zigbee2mqtt/hall, payload: {state: "ON"}}
      - expect: [{device: hall, set: {state: off}}, {publish: there}]
""")
    (home / "pipelines" / "other.yaml").write_text(
        "id: other\ntriggers: [startup]\nsteps: [{publish: {topic: there}}]\n"
    )
    result = hearth("--home", home, "test", "-k", "by the name")
    assert result.code == 0, result.out
    assert hearth("test", home / "pipelines" / "lamps.yaml").code == 0
