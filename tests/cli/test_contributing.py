"""CONTRIBUTING's worked example of a profile: every command answers what the page shows."""

import re
import shlex
from pathlib import Path

from tests.cli.conftest import Hearth

PAGE = Path(__file__).parents[2] / "CONTRIBUTING.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ hearth (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


def worked_example() -> dict[str, str]:
    """The blocks of the section by their language."""
    text = PAGE.read_text("utf-8").split("## A new profile in ten minutes\n")[1].split("\n## ")[0]
    return dict(FENCE.findall(text))


def test_a_new_profile_does_what_the_page_shows(hearth: Hearth, home: Path) -> None:
    blocks = worked_example()
    (home / "profiles" / "greenhouse.yaml").write_text(blocks["yaml"], encoding="utf-8")
    assert hearth("check", "--home", home).code == 0
    commands = COMMAND.findall(blocks["console"])
    assert len(commands) == 2
    for line, shown in commands:
        answer = hearth(*shlex.split(line), "--home", home)
        assert answer.code == 0, answer.err
        assert [row.rstrip() for row in answer.out.splitlines()] == shown.splitlines()
