"""Schedules on the wall clock: always later, never twice, and at the times they name."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.calendars import cron, daily, every, wall_time

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Auckland"]
# around the changes of the clocks in 2026
MOMENTS = st.integers(1_767_225_600_000, 1_798_761_600_000).map(lambda ms: ms / 1000)
MINUTES = st.sampled_from(["0", "30", "*/7", "*", "59"])
HOURS = st.sampled_from(["*", "0", "1", "2", "3", "2-3", "*/6"])
DAYS = st.sampled_from(["* * *", "1 * *", "* * 0", "* 3,4,10,11 *", "29 * 7"])


@settings(max_examples=200, deadline=None)
@given(MINUTES, HOURS, DAYS, st.sampled_from(ZONES), MOMENTS)
def test_the_next_time_is_later_and_times_only_go_forward(
    minute: str, hour: str, days: str, zone: str, after: float
) -> None:
    next_after = cron(f"{minute} {hour} {days}", ZoneInfo(zone))
    for _ in range(4):
        due = next_after(after)
        assert due is not None
        assert due > after
        after = due


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ZONES), MOMENTS)
def test_every_half_hour_leaves_none_out_and_adds_none(zone: str, after: float) -> None:
    due = cron("*/30 * * * *", ZoneInfo(zone))(after)
    assert due == (after // 1800 + 1) * 1800


@settings(max_examples=200, deadline=None)
@given(st.times(), st.sampled_from(ZONES), MOMENTS)
def test_a_time_of_day_comes_once_a_day(at: time, zone: str, after: float) -> None:
    where = ZoneInfo(zone)
    at = at.replace(microsecond=0)
    next_after = daily([at], where)
    due = next_after(after)
    assert due is not None
    assert after < due <= after + 26 * 3600
    following = next_after(due)
    assert following is not None
    days = (
        datetime.fromtimestamp(following, where).date() - datetime.fromtimestamp(due, where).date()
    )
    assert timedelta(0) < days <= timedelta(days=2)


def test_several_times_of_day_come_in_order() -> None:
    next_after = daily([time(19), time(7, 30)], ZoneInfo("UTC"))
    noon = datetime(2026, 1, 10, 12, tzinfo=UTC).timestamp()
    evening = next_after(noon)
    assert evening == noon + 7 * 3600
    assert next_after(evening) == noon + 19.5 * 3600


def test_no_times_of_day_never_come() -> None:
    assert daily([], ZoneInfo("UTC"))(0.0) is None


@pytest.mark.parametrize("period", [0.1, 1, 7, 900, 86_400])
def test_a_beat_is_a_multiple_of_its_period(period: float) -> None:
    after = 1_767_225_600.05
    due = every(period)(after)
    assert due is not None
    assert after < due <= after + period
    assert due / period == pytest.approx(round(due / period), abs=1e-4)


@pytest.mark.parametrize("text", ["7:30", "07:30", " 07:30 ", "07:30:00"])
def test_a_time_of_day_may_be_written_in_several_ways(text: str) -> None:
    assert wall_time(text) == time(7, 30)


@pytest.mark.parametrize("text", ["", "7", "24:00", "07:60", "07:30:15:1", "half past", None, 7.5])
def test_what_is_no_time_of_day_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="is no time of day"):
        wall_time(text)
