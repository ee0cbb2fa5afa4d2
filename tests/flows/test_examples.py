"""Every example passes the check and plays its own tests."""

import asyncio
import json
from pathlib import Path

import pytest

from flows.rehearsal import Script, rehearse
from tests.flows.rehearsing import compiled, scripts

EXAMPLES = Path(__file__).parents[2] / "pipelines" / "examples"
FILES = sorted(EXAMPLES.glob("*.yaml"))
SCRIPTS = [(path, script) for path in FILES for script in scripts(path)]


def test_there_is_an_example_for_each_kind_of_need() -> None:
    assert len(FILES) >= 24


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_example_shows_what_happens_and_what_does_not(path: Path) -> None:
    steps = [json.dumps(step) for script in scripts(path) for step in script.script]
    assert any('"expect": "nothing"' in step for step in steps)
    assert any('"expect"' in step and '"nothing"' not in step for step in steps)


@pytest.mark.parametrize(
    ("path", "script"), SCRIPTS, ids=[f"{path.stem}: {script.name}" for path, script in SCRIPTS]
)
def test_an_example_does_what_it_says(path: Path, script: Script) -> None:
    asyncio.run(rehearse(script, lambda ports: compiled(path, ports)[0]))
