"""Cases kept as YAML data, read by the language's own reader."""

from pathlib import Path
from typing import Any

from pipelines.source import Reader

CASES = Path(__file__).parents[1] / "cases"


def cases(kind: str) -> list[tuple[str, dict[str, Any]]]:
    """The cases of `tests/cases/KIND/*.yaml` with their names."""
    found = []
    for path in sorted((CASES / kind).glob("*.yaml")):
        reader = Reader(CASES)
        tree = reader.load(path)
        assert not reader.problems, reader.problems
        found += [(f"{path.stem}: {case['name']}", case) for case in tree]
    return found
