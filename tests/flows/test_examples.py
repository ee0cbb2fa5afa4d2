"""The shipped pipelines pass their own tests, as `hearth test` plays them."""

from pathlib import Path

import pytest

from edge_agent.loading import load_components
from edge_agent.rehearsal.failure_text import plain_failure
from edge_agent.rehearsal.files import Suite, files_of, read_file
from edge_agent.rehearsal.play import played_once
from pipelines.rehearsal import Rehearsal

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "pipelines" / "examples"
BLUEPRINTS = ROOT / "pipelines" / "blueprints"
SHIPPED = [EXAMPLES, BLUEPRINTS]
load_components()
FILES = [read_file(path, home, {}) for path, home in files_of(None, SHIPPED)]
TESTS = [(suite, test) for suite in FILES for test in suite.tests]


def test_there_is_an_example_for_each_kind_of_need() -> None:
    assert len([suite for suite in FILES if suite.path.parent == EXAMPLES]) >= 24


@pytest.mark.parametrize("suite", FILES, ids=lambda suite: suite.path.stem)
def test_a_shipped_file_has_no_problems_and_tests_of_both_kinds(suite: Suite) -> None:
    assert not suite.problems
    expected = [act.value for test in suite.tests for act in test.acts if act.kind == "expect"]
    assert any(expected), "something must happen"
    assert not all(expected), "and something must not"


@pytest.mark.parametrize(
    ("suite", "test"), TESTS, ids=[f"{suite.path.stem}: {test.name}" for suite, test in TESTS]
)
@pytest.mark.parametrize("on_disk", [False, True], ids=["in memory", "on disk"])
def test_a_shipped_pipeline_does_what_its_tests_say(
    suite: Suite, test: Rehearsal, on_disk: bool
) -> None:
    outcome = played_once(test, suite, on_disk=on_disk)
    assert outcome.passed, plain_failure(outcome)
