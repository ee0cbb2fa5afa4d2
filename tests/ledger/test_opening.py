"""Opening a ledger: one process at a time, formats in order, never a damaged file deleted."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from edge_agent.ledger import Ledger, LedgerBusy, LedgerProblem, sql
from tests.ledger.made import event, ledger_at, settings

_HOLDER = """
import asyncio, sys
from pathlib import Path
from tests.ledger.made import ledger_at

async def hold():
    ledger = ledger_at(Path(sys.argv[1]))
    print("open", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await ledger.close()

asyncio.run(hold())
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the ledger open."""
    command = [sys.executable, "-c", _HOLDER, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        process.stdout.readline()
        yield process
        process.stdin.close()


async def test_a_second_process_is_told_who_holds_the_ledger(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    with pytest.raises(LedgerBusy, match=f"another agent runs in this home.*{holder.pid}"):
        ledger_at(tmp_path)


async def test_the_same_process_cannot_open_it_twice(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    with pytest.raises(LedgerBusy):
        ledger_at(tmp_path)
    await ledger.close()


async def test_a_newer_format_is_refused_by_number(tmp_path: Path) -> None:
    await ledger_at(tmp_path).close()
    newer = len(sql.migrations()) + 1
    with duckdb.connect(str(tmp_path / "ledger.duckdb")) as connection:
        connection.execute("insert into format values (?)", [newer])
    with pytest.raises(LedgerProblem, match=f"has format {newer}.*newer version"):
        ledger_at(tmp_path)


async def test_an_older_format_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = ledger_at(tmp_path)
    ledger.event(event("a"))
    await ledger.close()
    scripts = [*sql.migrations(), "CREATE TABLE added (x INTEGER)"]
    monkeypatch.setattr(sql, "migrations", lambda: scripts)
    ledger = ledger_at(tmp_path)
    assert await ledger.query("from added") == []
    assert len(await ledger.query("from events")) == 1
    await ledger.close()


@pytest.mark.parametrize("damage", [b"not a database at all", b"\0" * 20_000])
async def test_a_damaged_file_is_named_and_left_alone(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "ledger.duckdb"
    path.write_bytes(damage)
    with pytest.raises(LedgerProblem, match=r"ledger\.duckdb is damaged or no ledger"):
        ledger_at(tmp_path)
    assert path.read_bytes() == damage


async def test_a_file_with_a_flipped_byte_is_refused_or_read_but_never_deleted(
    tmp_path: Path,
) -> None:
    ledger = ledger_at(tmp_path)
    ledger.event(event("a", raw=b"x" * 100_000))
    await ledger.close()
    path = tmp_path / "ledger.duckdb"
    whole = path.read_bytes()
    for place in range(0, 12_288, 4_096):
        path.write_bytes(whole[: place + 8] + b"\xff\xff" + whole[place + 10 :])
        try:
            await ledger_at(tmp_path).close()
        except LedgerProblem:
            assert path.stat().st_size == len(whole)


def test_a_key_is_refused_where_duckdb_cannot_encrypt_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ledger.duckdb"
    with pytest.raises(LedgerProblem, match="cannot be encrypted here"):
        Ledger.open(path, settings(), key="secret")
    assert list(tmp_path.iterdir()) == []
