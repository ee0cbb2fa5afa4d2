"""What has expired goes, what is still wanted stays, and the file keeps to its size."""

from pathlib import Path

import pytest

from edge_agent.ledger import retention
from edge_agent.ledger.retention import Retention, size_bytes
from edge_agent.ledger.store import Store, StoreOptions
from schemas.settings import RetentionSettings
from tests.ledger.made import NOON, change, event, ledger_at, rig_events, run, settings

DAY = 86_400.0


def _settings(**fields: object) -> Retention:
    keep = RetentionSettings(events="30d", readings="400d", runs="90d")
    return Retention(settings(**{"retention": keep} | fields))


def _work(folder: Path, now: float) -> None:
    """Let retention do all its work on a closed ledger."""
    store = Store.open(folder / "ledger.duckdb", StoreOptions())
    while _settings().expire(store, now):
        pass
    store.close()


async def _counts(folder: Path) -> list[int]:
    ledger = ledger_at(folder)
    tables = ("events", "readings", "runs")
    found = [(await ledger.query(f"select count(*) n from {t}"))[0]["n"] for t in tables]
    await ledger.close()
    return found


async def _made(folder: Path) -> None:
    ledger = ledger_at(folder)
    for happened, changes, record in rig_events(20):
        ledger.message(happened, changes)
        ledger.run(record)
    ledger.event(event("alone"))
    ledger.event(event("later", NOON + 2 * DAY))
    late = event("late run", NOON, qos=1)
    ledger.event(late)
    await ledger.flush()
    ledger.run(run(late))
    ledger.message(event("qos", NOON, qos=1), [change("x", 1), change("state", "on")])
    await ledger.close()


async def test_events_runs_and_readings_expire_each_at_their_age(tmp_path: Path) -> None:
    await _made(tmp_path)
    _work(tmp_path, NOON + 29 * DAY)
    assert await _counts(tmp_path) == [24, 102, 21]
    _work(tmp_path, NOON + 31 * DAY)
    assert await _counts(tmp_path) == [1, 102, 21]
    _work(tmp_path, NOON + 91 * DAY)
    assert await _counts(tmp_path) == [0, 102, 0]
    _work(tmp_path, NOON + 401 * DAY)
    assert await _counts(tmp_path) == [0, 0, 0]


async def test_what_arrived_just_now_stays_however_old_its_own_time_is(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    told = event("clock of 2001", NOON - 9_000 * DAY, received=NOON)
    ledger.message(told, [change("x", 1, NOON - 9_000 * DAY)])
    await ledger.close()
    _work(tmp_path, NOON + 29 * DAY)
    assert await _counts(tmp_path) == [1, 1, 0]
    _work(tmp_path, NOON + 401 * DAY)
    assert await _counts(tmp_path) == [0, 0, 0]


async def test_runs_and_readings_whose_event_is_gone_are_as_before(tmp_path: Path) -> None:
    await _made(tmp_path)
    ledger = ledger_at(tmp_path)
    before = [await ledger.query(f"from {t}") for t in ("readings", "runs", "steps", "effects")]
    latest = ledger.latest()
    await ledger.close()
    _work(tmp_path, NOON + 31 * DAY)
    ledger = ledger_at(tmp_path)
    after = [await ledger.query(f"from {t}") for t in ("readings", "runs", "steps", "effects")]
    for old, new in zip(before, after, strict=True):
        assert sorted(map(str, old)) == sorted(map(str, new))
    assert sorted(map(str, ledger.latest())) == sorted(map(str, latest))
    record = rig_events(1)[0][2]
    entry = await ledger.trace(record.id)
    assert entry is not None and entry.event is None and entry.run is not None
    await ledger.close()


async def test_the_count_of_committed_events_does_not_fall(tmp_path: Path) -> None:
    await _made(tmp_path)
    for days in (0, 31, 91, 401):
        _work(tmp_path, NOON + days * DAY)
        ledger = ledger_at(tmp_path)
        assert ledger.committed() == 2
        await ledger.close()


async def test_what_a_holding_follower_has_not_read_stays(tmp_path: Path) -> None:
    await _made(tmp_path)
    ledger = ledger_at(tmp_path)
    follower = ledger.follow("archive", hold=True)
    ledger.follow("careless")
    await ledger.close()
    _work(tmp_path, NOON + 401 * DAY)
    assert await _counts(tmp_path) == [24, 102, 21]
    ledger = ledger_at(tmp_path)
    follower = ledger.follow("archive", hold=True)
    follower.ack((await follower.read())[9].seq)
    await ledger.close()
    _work(tmp_path, NOON + 401 * DAY)
    assert await _counts(tmp_path) == [14, 52, 11]


async def test_the_oldest_rows_go_when_the_file_is_too_large(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    for happened, changes, record in rig_events(45_000):
        ledger.message(happened, changes)
        ledger.run(record)
    ledger.follow("archive", hold=True)
    await ledger.close()
    retention = _settings(max_size="3MB")
    store = Store.open(tmp_path / "ledger.duckdb", StoreOptions())
    store.checkpoint()
    while retention.shrink(store):
        pass
    store.close()
    ledger = ledger_at(tmp_path)
    (row,) = await ledger.query("select count(*) n, max(ts) last from events")
    assert 0 < row["n"] < 45_000
    assert row["last"].timestamp() == rig_events(45_000)[-1][0].ts
    await ledger.close()
    assert (tmp_path / "ledger.duckdb").stat().st_size < 4_500_000


@pytest.mark.parametrize(
    ("text", "size"),
    [("2GB", 2_000_000_000), ("512 MiB", 512 << 20), ("1.5k", 1500), ("100", 100)],
)
def test_sizes_are_written_as_people_do(text: str, size: int) -> None:
    assert size_bytes(text) == size


@pytest.mark.parametrize("text", ["", "many", "-1GB", "2 apples"])
def test_a_text_that_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no size"):
        size_bytes(text)


async def test_a_follower_sees_what_comes_after_everything_has_expired(tmp_path: Path) -> None:
    await _made(tmp_path)
    ledger = ledger_at(tmp_path)
    follower = ledger.follow("mirror")
    follower.ack((await follower.read())[-1].seq)
    await ledger.close()
    _work(tmp_path, NOON + 401 * DAY)
    ledger = ledger_at(tmp_path)
    ledger.event(event("new"))
    await ledger.flush()
    assert [
        entry.event.source for entry in await ledger.follow("mirror").read() if entry.event
    ] == ["t/new"]
    await ledger.close()


async def test_sources_that_are_gone_are_forgotten_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_MANY_KINDS", 10)
    await _made(tmp_path)
    _work(tmp_path, NOON + 401 * DAY)
    ledger = ledger_at(tmp_path)
    ledger.message(event("alone"), [change("x", 1)])
    assert [row["source"] for row in await ledger.query("from kinds")] == ["t/alone"]
    assert len(await ledger.query("from items")) == 1
    assert [row["value"] for row in await ledger.query("from readings")] == [1.0]
    await ledger.close()
