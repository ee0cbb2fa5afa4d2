"""Schedules: what was missed, and how much looking that takes."""

from datetime import time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.calendars import NextAfter, cron, daily, every
from flows.schedule import latest_due

BERLIN = ZoneInfo("Europe/Berlin")
NOW = 1_774_746_000.0
CALENDARS: list[NextAfter] = [
    every(1.0),
    every(7.0),
    every(86_400.0),
    cron("* 3 * * *", BERLIN),
    cron("0 7 * * 1-5", BERLIN),
    cron("30 2 29 2 *", BERLIN),
    daily([time(2, 30), time(2, 31)], BERLIN),
    lambda after: None,
    lambda after: 5.0 if after < 5.0 else None,
]


@pytest.mark.parametrize("next_after", CALENDARS)
@settings(max_examples=40, deadline=None)
@given(st.floats(0, 5_000), st.floats(0, 10_000_000))
def test_the_last_missed_time_is_the_one_that_counting_finds(
    next_after: NextAfter, away: float, before: float
) -> None:
    now = NOW + before
    counted, after = None, now - away
    while (due := next_after(after)) is not None and due <= now:
        counted = after = due
    assert latest_due(next_after, now - away, now) == counted


@pytest.mark.parametrize("away", [10.0, 86_400.0, 30 * 86_400.0, 20 * 365 * 86_400.0])
def test_years_of_missed_seconds_cost_a_hundred_looks(away: float) -> None:
    looks = 0

    def looked(after: float) -> float | None:
        nonlocal looks
        looks += 1
        return every(1.0)(after)

    assert latest_due(looked, NOW - away, NOW) == NOW
    assert looks < 100
