"""The manual's example of an import is what an import makes of it."""

import re
from pathlib import Path

from pipelines.importers.home_assistant.entities import Table
from pipelines.importers.home_assistant.house import import_files

PAGE = Path(__file__).parents[2] / "docs" / "home-assistant.md"
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.S)


def test_the_automation_of_the_manual_becomes_its_pipeline(tmp_path: Path) -> None:
    file = tmp_path / "automations.yaml"
    file.write_text(BLOCKS[0], encoding="utf-8")
    (made,) = import_files([file], Table()).pipelines
    assert made.text == BLOCKS[1]
