"""What a thousand copies of the shipped pipelines' tests take: `python -m` this module."""

import shutil
import sys
import tempfile
import time
from pathlib import Path

from edge_agent.cli import main

ROOT = Path(__file__).parents[2]
FOLDERS = [ROOT / "pipelines" / "examples", ROOT / "pipelines" / "blueprints"]
COPIES = 1_000


def copied(folder: Path, copies: int) -> int:
    """Copies of every shipped file with tests in turn, each in a file of its own."""
    files = [file for each in FOLDERS for file in sorted(each.glob("*.yaml"))]
    for number in range(copies):
        file = files[number % len(files)]
        beside = folder / file.parent.name  # a blueprint is known by its folder
        beside.mkdir(exist_ok=True)
        shutil.copy(file, beside / f"{file.stem}-{number:04}.yaml")
    return copies


def bench() -> int:
    """Print what `hearth test` says of the copies, and the time it took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = copied(folder, COPIES)
        began = time.perf_counter()
        code = main(["test", str(folder)])
        sys.stdout.write(f"{made} files in {time.perf_counter() - began:.2f} s\n")
    return code


if __name__ == "__main__":
    sys.exit(bench())
