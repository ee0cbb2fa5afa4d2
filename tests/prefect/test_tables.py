"""What our server leaves out of Prefect's tables."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from flows.prefect.server.doubled import DOUBLED, PREFECT, leave_out, put_back


def test_doubled_indices_are_left_out_and_put_back_for_another_version(
    tmp_path: Path, tables: Path
) -> None:
    database = Path(shutil.copy(tables, tmp_path / "prefect.db"))
    made = _indices(database)
    leave_out(database, PREFECT)
    assert made.keys() - _indices(database).keys() == DOUBLED.keys()
    put_back(database, PREFECT)
    assert not _indices(database).keys() & DOUBLED.keys()
    put_back(database, "99.0")
    leave_out(database, "99.0")
    assert _indices(database) == made


def test_for_every_index_that_is_left_out_another_begins_with_its_columns(tables: Path) -> None:
    there = _indices(tables)
    for name in DOUBLED:
        others = (on for other, on in there.items() if other not in DOUBLED)
        assert any(on[: len(there[name])] == there[name] for on in others), name


def _indices(database: Path) -> dict[str, list[tuple[str, ...]]]:
    """Table and columns of each index."""
    with closing(sqlite3.connect(database)) as connection:
        ask = connection.execute
        found = ask("SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'").fetchall()
        return {
            name: [(table,), *((str(row[2]),) for row in ask(f"PRAGMA index_info({name})"))]
            for name, table in found
        }
