"""A full or read-only disk: the agent goes on, says so, and records again when there is room."""

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_agent.ledger import Ledger, committer
from tests.disks import SmallDisk
from tests.ledger.made import event, ledger_at, rig_events


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose patience soon, and try again soon."""
    monkeypatch.setattr(committer, "GRACE", 0.2)
    monkeypatch.setattr(committer, "_FIRST_RETRY", 0.1)
    monkeypatch.setattr(committer, "_LAST_RETRY", 0.2)


def _fill(disk: SmallDisk, leave: int = 100_000) -> Path:
    """Leave only so many bytes free."""
    ballast = disk.folder / "ballast"
    found = os.statvfs(disk.folder)
    with ballast.open("ab") as file:
        file.write(b"x" * max(0, found.f_bavail * found.f_bsize - leave))
    return ballast


def _health(ledger: Ledger) -> Callable[[bool], Any]:
    """Wait for the ledger to fail or to recover."""
    events = {True: threading.Event(), False: threading.Event()}
    ledger.on_health(lambda healthy: events[healthy].set())
    return lambda wanted: asyncio.to_thread(events[wanted].wait, 30)


async def _record(ledger: Ledger, first: int, last: int) -> None:
    for number, (happened, changes, run) in enumerate(rig_events(last - first, first=first)):
        ledger.message(happened, changes)
        ledger.run(run)
        if number % 100 == 0:
            await asyncio.sleep(0)


async def test_a_full_disk_loses_nothing_that_memory_can_hold(small_disk: SmallDisk) -> None:
    ledger = ledger_at(small_disk.folder)
    health = _health(ledger)
    await _record(ledger, 0, 500)
    assert await ledger.flush()
    ballast = _fill(small_disk)
    await _record(ledger, 500, 2_000)
    await health(False)
    assert not await ledger.flush()
    assert not ledger.healthy
    assert "No space left" in ledger.stats.reason
    assert len(await ledger.query("select id from events")) == 500, "what is kept can be read"
    told: list[bool] = []
    ledger.event(event("while full"))
    ledger.when_durable(told.append)
    await ledger.flush()
    assert told == [False], "nobody waits for a disk that stays full"
    ballast.unlink()
    await health(True)
    assert await ledger.flush()
    assert len(await ledger.query("select id from events")) == 2_001
    (gap,) = await ledger.query("from gaps")
    assert "No space left" in gap["reason"]
    assert ledger.stats.lost == {}
    await ledger.close()


async def test_what_memory_cannot_hold_is_counted(
    small_disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "MOST_ROWS", 300)
    ledger = ledger_at(small_disk.folder)
    health = _health(ledger)
    ballast = _fill(small_disk, 0)
    await _record(ledger, 0, 1_000)
    await health(False)
    await ledger.flush()
    assert ledger.stats.lost == {"events": 700, "readings": 3_500, "runs": 700}
    ballast.unlink()
    await health(True)
    assert await ledger.flush()
    assert len(await ledger.query("select id from runs")) == 300
    (gap,) = await ledger.query("from gaps")
    assert gap["lost"] == '{"events":700,"readings":3500,"runs":700}'
    await ledger.close()


async def test_a_disk_full_from_the_start_is_no_reason_not_to_start(small_disk: SmallDisk) -> None:
    ballast = _fill(small_disk, 0)
    ledger = ledger_at(small_disk.folder / "data")
    health = _health(ledger)
    assert not ledger.healthy
    assert list(ledger.slots()) == []
    assert await ledger.query("from events") == []
    ledger.event(event("a"))
    assert not await ledger.flush()
    ballast.unlink()
    await health(True)
    assert len(await ledger.query("from events")) == 1
    await ledger.close()
    ledger = ledger_at(small_disk.folder / "data")
    assert len(await ledger.query("from events")) == 1
    await ledger.close()


async def test_a_read_only_home_can_be_read_and_recovers(small_disk: SmallDisk) -> None:
    ledger = ledger_at(small_disk.folder)
    ledger.event(event("a"))
    await ledger.close()
    small_disk.read_only(True)
    ledger = ledger_at(small_disk.folder)
    health = _health(ledger)
    assert "Read-only file system" in ledger.stats.reason
    assert len(await ledger.query("from events")) == 1
    ledger.event(event("b"))
    assert not await ledger.flush()
    small_disk.read_only(False)
    await health(True)
    assert len(await ledger.query("from events")) == 2
    await ledger.close()


async def test_closing_in_trouble_ends_and_says_so(small_disk: SmallDisk) -> None:
    ledger = ledger_at(small_disk.folder)
    _fill(small_disk, 0)
    told: list[bool] = []
    await _record(ledger, 0, 1_000)
    ledger.when_durable(told.append)
    await ledger.close()
    assert told == [False]


async def test_rows_whose_commit_was_reported_as_failed_are_not_recorded_twice(
    small_disk: SmallDisk,
) -> None:
    small_disk.resize(9)
    ledger = ledger_at(small_disk.folder)
    health = _health(ledger)
    number = 0
    while ledger.healthy:  # until a checkpoint finds no room: DuckDB has committed by then
        await _record(ledger, number, number + 500)
        number += 500
        await ledger.flush()
    small_disk.resize(64)
    await health(True)
    (row,) = await ledger.query("select count(*) n, count(distinct id) ids from events")
    assert row == {"n": number, "ids": number}
    await ledger.close()
