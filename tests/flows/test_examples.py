"""The shipped pipelines pass their own tests, as `hearth test` plays them."""

import re
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
DEMO = ROOT / "edge_agent" / "demo" / "home" / "pipelines"
WAITS = re.compile(r"delay:|wait_for:|\bfor: [0-9!\"{]|throttle:|debounce:")
PAPERS = [ROOT / "README.md", ROOT / "docs" / "reference" / "tests.md"]
SHIPPED = [EXAMPLES, BLUEPRINTS, DEMO]
load_components()
FILES = [read_file(path, home, {}) for path, home in files_of(None, SHIPPED)]
TESTS = [(suite, test) for suite in FILES for test in suite.tests]


def _shown(paper: Path) -> list[str]:
    """The pipelines with tests that a paper shows."""
    blocks = re.findall(r"```yaml\n(.*?)```", paper.read_text(encoding="utf-8"), re.DOTALL)
    return [block for block in blocks if block.startswith("id:") and "\ntests:" in block]


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_what_the_papers_show_passes(paper: Path, tmp_path: Path) -> None:
    assert _shown(paper)
    for block in _shown(paper):
        (tmp_path / "shown.yaml").write_text(block, encoding="utf-8")
        suite = read_file(tmp_path / "shown.yaml", tmp_path, {})
        assert not suite.problems
        for test in suite.tests:
            outcome = played_once(test, suite)
            assert outcome.passed, plain_failure(outcome)


def test_there_is_an_example_for_each_kind_of_need() -> None:
    assert len([suite for suite in FILES if suite.path.parent == EXAMPLES]) >= 24


@pytest.mark.parametrize("suite", FILES, ids=lambda suite: suite.path.stem)
def test_a_shipped_file_has_no_problems_and_tests_of_both_kinds(suite: Suite) -> None:
    assert not suite.problems
    expected = [act.value for test in suite.tests for act in test.acts if act.kind == "expect"]
    assert any(expected), "something must happen"
    assert not all(expected), "and something must not"


@pytest.mark.parametrize("suite", FILES, ids=lambda suite: suite.path.stem)
def test_what_waits_is_restarted_in_a_test(suite: Suite) -> None:
    written = suite.path.read_text(encoding="utf-8").partition("tests:")[0]
    if WAITS.search(written):
        kinds = {act.kind for test in suite.tests for act in test.acts}
        assert kinds & {"restart", "offline"}


@pytest.mark.parametrize(
    ("suite", "test"), TESTS, ids=[f"{suite.path.stem}: {test.name}" for suite, test in TESTS]
)
@pytest.mark.parametrize("on_disk", [False, True], ids=["in memory", "on disk"])
def test_a_shipped_pipeline_does_what_its_tests_say(
    suite: Suite, test: Rehearsal, on_disk: bool
) -> None:
    outcome = played_once(test, suite, on_disk=on_disk)
    assert outcome.passed, plain_failure(outcome)
