"""A test of a pipeline passes or fails as its case says, in memory and on a real ledger."""

import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge_agent.loading import load_components
from edge_agent.rehearsal.failure_text import plain_failure
from edge_agent.rehearsal.files import read_file
from edge_agent.rehearsal.play import played_once
from pipelines.source import Reader

FOLDER = Path(__file__).parents[1] / "cases" / "rehearsal"
CASES, TOLD = FOLDER / "scripts.yaml", FOLDER / "told.yaml"
HANGS = """
id: hangs
triggers: [{every: 1s}]
steps: [{log: "{{ range(9999) | map('string') | join | length }}"}]
tests: [{name: for weeks, script: [{advance: 400h}]}]
"""
_OF_A_TEST = ("name", "given", "stub", "script", "inputs")

load_components()


@pytest.mark.parametrize("on_disk", [False, True], ids=["in memory", "on disk"])
@pytest.mark.parametrize("case", Reader().load(CASES), ids=lambda case: case["name"])
def test_a_test_comes_out_as_its_case_says(
    case: dict[str, Any], tmp_path: Path, on_disk: bool
) -> None:
    pipelines = case["pipeline"] if isinstance(case["pipeline"], list) else [case["pipeline"]]
    test = {key: case[key] for key in _OF_A_TEST if key in case}
    first = {"id": "case", "tests": [test], **pipelines[0]}
    path = tmp_path / "case.yaml"
    path.write_bytes(msgspec.json.encode([first, *pipelines[1:]]))
    suite = read_file(path, None, {})
    assert not suite.problems
    outcome = played_once(suite.tests[0], suite, on_disk=on_disk)
    told = plain_failure(outcome)
    assert outcome.passed == ("fails" not in case), told
    missing = [line for line in case.get("fails", ()) if line not in told]
    assert not missing, told


@pytest.mark.parametrize("case", Reader().load(TOLD), ids=lambda case: case["name"])
def test_a_failure_is_told_as_its_case_says(case: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text(case["file"])
    suite = read_file(tmp_path / "case.yaml", tmp_path, {})
    assert not suite.problems
    outcome = played_once(suite.tests[0], suite)
    assert plain_failure(outcome) == case["told"].strip()


def test_a_test_that_hangs_is_broken_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.rehearsal.play.LONGEST", 0.2)
    (tmp_path / "case.yaml").write_text(HANGS)
    suite = read_file(tmp_path / "case.yaml", tmp_path, {})
    began = time.monotonic()
    outcome = played_once(suite.tests[0], suite)
    assert time.monotonic() - began < 10
    assert "this takes longer than 0.2 s of real time" in plain_failure(outcome)
