"""Windows and time: late and early readings, clocks that are set, days that are short."""

import asyncio
import logging
import math
import random
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from flows.windows.grid import DAY, back, grid
from flows.windows.live import missed_readings
from tests.flows.windows.home import Home

START = 1_767_225_600.0
TUMBLING = "{of: {property: x}, size: 10s, aggregate: {sum: sum(value)}}"
PATIENT = "{of: {property: x}, size: 10s, lateness: 5s, aggregate: {sum: sum(value)}}"
SESSION = "{of: {property: x}, gap: 10s, lateness: 60s, aggregate: {sum: sum(value)}}"
HOURS = 3_600_000_000


def told(window: str, play: Callable[[Home], Awaitable[None]]) -> list[dict[str, Any]]:
    """What a window told while it was played with, by its start."""

    async def played() -> list[dict[str, Any]]:
        home = Home(window, START)
        await play(home)
        return sorted(await home.finish(), key=lambda each: float(each["start"]))

    return asyncio.run(played())


def shown(windows: list[dict[str, Any]]) -> list[tuple[float, float, float]]:
    """Start and end from the beginning, and the sum."""
    return [(each["start"] - START, each["end"] - START, each["sum"]) for each in windows]


def test_a_reading_that_comes_too_late_is_counted_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def play(home: Home) -> None:
        await home.take((START + 1, "a", 1.0), START + 1)
        await home.take((START + 12, "a", 2.0), START + 12)
        await home.take((START + 9, "a", 100.0), START + 13)
        await home.take((START + 8, "a", 100.0), START + 14)
        home.restart()
        assert missed_readings(home.engine.store) == {"late": 2}

    with caplog.at_level(logging.WARNING):
        windows = told(TUMBLING, play)
    assert shown(windows) == [(0, 10, 1), (10, 20, 2)]
    assert [each["late"] for each in windows] == [0, 2]
    assert [r.message for r in caplog.records].count(
        "readings do not count in their window: they came too late"
    ) == 1


def test_a_late_reading_counts_in_those_sliding_windows_that_have_not_ended() -> None:
    async def play(home: Home) -> None:
        await home.take((START + 1, "a", 1.0), START + 1)
        await home.take((START + 45, "a", 2.0), START + 45)
        await home.take((START + 35, "a", 4.0), START + 46)

    windows = told("{of: {property: x}, size: 20s, slide: 10s, aggregate: {sum: sum(value)}}", play)
    assert shown(windows) == [(-10, 10, 1), (0, 20, 1), (30, 50, 6), (40, 60, 2)]
    assert windows[-1]["late"] == 1


def test_within_the_lateness_the_order_does_not_matter() -> None:
    async def play(home: Home) -> None:
        await home.take((START + 12, "a", 2.0), START + 12)
        await home.take((START + 9, "a", 4.0), START + 13)
        await home.take((START + 8, "a", 8.0), START + 14.9)
        await home.take((START + 9, "a", 100.0), START + 15.1)

    windows = told(PATIENT, play)
    assert shown(windows) == [(0, 10, 12), (10, 20, 2)]


def test_a_source_that_is_always_slow_is_waited_for() -> None:
    async def play(home: Home) -> None:
        for second in range(30):
            await home.take((START + second, "a", 1.0), START + second + 25)

    assert shown(told(TUMBLING, play)) == [(0, 10, 10), (10, 20, 10), (20, 30, 10)]


def test_readings_count_once_when_the_clock_is_set_back() -> None:
    async def play(home: Home) -> None:
        for second in range(25):
            await home.take((START + second, "a", 1.0), START + second)
        home.clock._now -= 15
        for second in range(10, 30):
            await home.take((START + second, "a", 1.0), START + second)

    windows = told(TUMBLING, play)
    assert sum(each["sum"] for each in windows) == 45
    assert [each["late"] for each in windows][-1] == 0


def test_sessions_in_any_order_are_those_of_duckdb() -> None:
    dice = random.Random(3)
    times = sorted(dice.uniform(0, 1_000) for _ in range(150))
    arrivals = sorted((time + dice.uniform(0, 55), time) for time in times)

    async def play(home: Home) -> None:
        for index, (arrival, time) in enumerate(arrivals):
            await home.take((START + time, "a", time), START + arrival)
            if index % 20 == 10:
                home.commit()
            if index % 20 == 15:
                await home.kill(away=0.5)

    query = """
        with marked as (
            select t, coalesce(t - lag(t) over (order by t) >= 10, true)::int as new from r
        ), numbered as (select t, sum(new) over (order by t) as session from marked)
        select min(t), max(t), sum(t) from numbered group by session order by 1
    """
    with duckdb.connect() as duck:
        duck.execute("create table r (t double)")
        duck.executemany("insert into r values (?)", [(time,) for time in times])
        wanted = duck.execute(query).fetchall()
    found = shown(told(SESSION, play))
    assert len(found) == len(wanted) > 10
    for ours, theirs in zip(found, wanted, strict=True):
        assert all(math.isclose(a, b, abs_tol=1e-5) for a, b in zip(ours, theirs, strict=True))


def test_a_reload_takes_nothing_out_of_a_window() -> None:
    async def play(home: Home) -> None:
        for second in range(25):
            await home.take((START + second, "a", 1.0), START + second)
            if second % 4 == 3:
                home.reload()

    assert shown(told(TUMBLING, play)) == [(0, 10, 10), (10, 20, 10), (20, 30, 5)]


def _local(text: str) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    return round(moment.timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("step", "time", "start", "after"),
    [
        (DAY, "2026-03-29 12:00", "2026-03-29 00:00", "2026-03-30 00:00"),
        (7 * DAY, "2026-03-29 12:00", "2026-03-23 00:00", "2026-03-30 00:00"),
        (6 * HOURS, "2026-01-10 14:30", "2026-01-10 12:00", "2026-01-10 18:00"),
        (6 * HOURS, "2026-03-29 23:59", "2026-03-29 19:00", "2026-03-30 00:00"),
        (6 * HOURS, "2026-10-25 23:30", "2026-10-25 23:00", "2026-10-26 00:00"),
        (10_000_000, "2026-10-25 23:30", "2026-10-25 23:30", "2026-10-25 23:30:10"),
        (7 * HOURS, "1970-01-01 09:00", "1970-01-01 08:00", "1970-01-01 15:00"),
    ],
)
def test_windows_begin_where_days_and_weeks_do(
    step: int, time: str, start: str, after: str
) -> None:
    panes = grid(step, ZoneInfo("Europe/Berlin"))
    begin = panes.floor(_local(time))
    assert (begin, panes.after(begin)) == (_local(start), _local(after))
    assert back(panes, panes.after(begin), 1) == begin
