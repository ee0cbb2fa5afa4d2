"""The reference pages with their examples: `python -m tests.pipelines.pages` writes them anew."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import flows.conditions
import flows.steps
import flows.triggers
from pipelines import manual, registry
from pipelines.manual import Example
from pipelines.source import Reader
from pipelines.tree import Map

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "reference"
KEYS = {"triggers": "trigger", "conditions": "condition", "steps": "steps"}


def made() -> dict[str, str]:
    """The pages by file name, as the code says them now."""
    registry.load(flows.triggers, flows.conditions, flows.steps)
    return manual.pages(examples)


def examples(kind: str, name: str) -> Sequence[Example]:
    """The first two cases of a component that show something right, as they are written."""
    path = ROOT / "tests" / "cases" / kind / f"{name}.yaml"
    if not path.is_file():
        return []
    reader = Reader(ROOT)
    cases = reader.load(path)
    text = reader.texts[reader.name(path)]
    right = [case for case in cases if KEYS[kind] in case and "problems" not in case]
    return [Example(case["name"], written(case, KEYS[kind], text)) for case in right[:2]]


def written(case: Map, key: str, text: str) -> str:
    """What stands under a case's key in the file, as the items of a list."""
    lines = text.splitlines()
    at, start = case.keys_at[key], case.values_at[key]
    later = [place.line for place in case.keys_at.values() if place.line > at.line]
    end = min(later, default=next_case(lines, at.line)) - 1
    first = lines[start.line - 1][start.column - 1 :] if start.line == at.line else ""
    rest = textwrap.dedent("\n".join(lines[start.line if first else start.line - 1 : end]))
    value = "\n".join(part for part in (first, rest) if part)
    if isinstance(case[key], Map) and len(case[key]) == 1 and value.startswith("{"):
        value = value.strip()[1:-1]  # `- at: …` reads better than `- {at: …}`
    return value if value.startswith("- ") else "- " + value.replace("\n", "\n  ")


def next_case(lines: list[str], line: int) -> int:
    """The line at which the next case begins, or the one after the last."""
    for number in range(line, len(lines)):
        if lines[number].startswith("- "):
            return number + 1
    return len(lines) + 1


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, page in made().items():
        (FOLDER / name).write_text(page, encoding="utf-8")
