"""What only files hold leaves memory, and comes again."""

from pathlib import Path

import duckdb

from edge_agent.footprint import drop_clean_pages

_SORTED = "select count(*), sum(v) from (select i % 7 v from range(1000) t(i) order by v)"


def _of_files_mb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("RssFile:")) / 1000


def test_pages_of_libraries_are_given_back_and_come_again() -> None:
    with duckdb.connect() as connection:
        found = connection.execute(_SORTED).fetchall()
        before = _of_files_mb()
        drop_clean_pages()
        assert _of_files_mb() < before - 10
        assert connection.execute(_SORTED).fetchall() == found == [(1000, 2997)]
