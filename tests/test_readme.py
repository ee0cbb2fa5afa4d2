"""The papers tell the truth: their YAML compiles, their links lead somewhere."""

import re
from pathlib import Path

import pytest

from edge_agent.cli.new_home import Answers, write_home
from edge_agent.loading import check_home

ROOT = Path(__file__).parents[1]
PAPERS = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"]
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")


def blocks() -> list[tuple[str, str]]:
    return [
        (f"{paper}-{number}", block)
        for paper in PAPERS
        for number, block in enumerate(BLOCK.findall((ROOT / paper).read_text()))
    ]


@pytest.mark.parametrize(("name", "block"), blocks(), ids=[name for name, _ in blocks()])
def test_every_yaml_block_compiles(name: str, block: str, tmp_path: Path) -> None:
    write_home(tmp_path, Answers("test", "Europe/Berlin", 52.5, 13.4))
    folder = "profiles" if block.startswith("profile:") else "pipelines"
    (tmp_path / folder / "paper.yaml").write_text(block)
    assert not check_home(tmp_path, (), {})


@pytest.mark.parametrize("paper", PAPERS)
def test_links_inside_the_repository_lead_somewhere(paper: str) -> None:
    missing = [
        link for link in LINK.findall((ROOT / paper).read_text()) if not (ROOT / link).exists()
    ]
    assert not missing
