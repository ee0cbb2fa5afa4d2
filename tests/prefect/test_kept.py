"""What steps have given and is kept: how much of it."""

import os
from pathlib import Path

from flows.prefect.engine.kept import bound


def test_what_was_kept_first_goes_when_there_is_too_much(tmp_path: Path) -> None:
    for number in range(5):
        file = tmp_path / f"hearthflow-{number}"
        file.write_bytes(b"x" * 100)
        os.utime(file, (1_000 + number, 1_000 + number))
    bound(tmp_path, 250)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["hearthflow-3", "hearthflow-4"]
    bound(tmp_path / "none", 0)
