"""CONTRIBUTING's worked examples: every command answers what the page shows."""

import re
import shlex
from pathlib import Path

from tests.cli.conftest import Hearth
from tests.models.exported import classifier

PAGE = Path(__file__).parents[2] / "CONTRIBUTING.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ hearth (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


def worked_example(title: str) -> list[str]:
    """The blocks of a section."""
    text = PAGE.read_text("utf-8").split(f"## {title}\n")[1].split("\n## ")[0]
    return [block for _, block in FENCE.findall(text)]


def answer_as_shown(hearth: Hearth, home: Path, console: str) -> None:
    commands = COMMAND.findall(console)
    assert len(commands) == 2
    for line, shown in commands:
        answer = hearth(*shlex.split(line), "--home", home)
        assert answer.code == 0, answer.err
        assert [row.rstrip() for row in answer.out.splitlines()] == shown.splitlines()


def test_a_new_profile_does_what_the_page_shows(hearth: Hearth, home: Path) -> None:
    profile, console = worked_example("A new profile in ten minutes")
    (home / "profiles" / "greenhouse.yaml").write_text(profile, encoding="utf-8")
    assert hearth("check", "--home", home).code == 0
    answer_as_shown(hearth, home, console)


def test_a_new_model_does_what_the_page_shows(hearth: Hearth, home: Path) -> None:
    settings, console, pipeline = worked_example("Add a model")
    (home / "models" / "door").mkdir(parents=True)
    classifier(home / "models" / "door")
    with (home / "hearth.yaml").open("a", encoding="utf-8") as file:
        file.write(settings)
    answer_as_shown(hearth, home, console)
    (home / "pipelines" / "door.yaml").write_text(pipeline, encoding="utf-8")
    checked = hearth("check", "--home", home)
    assert checked.code == 0, checked.out
