"""Times on the clock on the wall as times on the time line: crontabs, times of day, intervals.

A wall time that a change of the clocks leaves out comes as much later as the clocks jump; one
that comes twice counts once, except in schedules for every hour.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo

from apscheduler.triggers.cron import CronTrigger  # type: ignore[import-untyped]

NextAfter = Callable[[float], float | None]
Walls = Callable[[datetime], datetime | None]
"""The next wall time after a wall time, both without a zone."""

_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_START = datetime(2001, 1, 1)


def cron(text: str, zone: tzinfo) -> NextAfter:
    """The times of a crontab line, as crontab(5) reads it: 0 and 7 are Sunday, and a day has to
    match only one of day of month and day of week when both are restricted.

    Raises:
        ValueError: it is no crontab line, or names no time at all.
    """
    fields = _NICKNAMES.get(text.strip(), text).split()
    if len(fields) != 5:
        raise ValueError(f"a crontab line has five fields, this has {len(fields)}")
    minute, hour, day, month, weekday = fields
    lines = [(day, weekday)]
    if not day.startswith("*") and not weekday.startswith("*"):
        lines = [(day, "*"), ("*", weekday)]
    triggers = [
        CronTrigger(
            minute=minute, hour=hour, day=d, month=month, day_of_week=_weekdays(w), timezone=UTC
        )
        for d, w in lines
    ]
    if _next_wall(triggers, _START) is None:
        raise ValueError("that time never comes")
    return on_the_wall(lambda wall: _next_wall(triggers, wall), zone, twice=hour.startswith("*"))


def daily(times: Sequence[time], zone: tzinfo) -> NextAfter:
    """The same times every day."""

    def walls(wall: datetime) -> datetime | None:
        days = (wall.date(), wall.date() + timedelta(days=1))
        return min(
            (at for day in days for t in times if (at := datetime.combine(day, t)) > wall),
            default=None,
        )

    return on_the_wall(walls, zone)


def every(period: float) -> NextAfter:
    """The multiples of a period since the epoch, so that a restart keeps the beat."""

    def next_after(after: float) -> float:
        due = (after // period + 1) * period
        return due if due > after else due + period

    return next_after


def on_the_wall(walls: Walls, zone: tzinfo, *, twice: bool = False) -> NextAfter:
    """Wall times in a zone; `twice`: those in an hour that comes twice count both times."""
    folds = (0, 1) if twice else (0,)

    def first(wall: datetime, after: float) -> float | None:
        while (found := walls(wall)) is not None:
            for fold in folds:
                at = found.replace(tzinfo=zone, fold=fold).timestamp()
                if at > after:
                    return at
            wall = found
        return None

    def next_after(after: float) -> float | None:
        local = datetime.fromtimestamp(after, zone)
        wall = local.replace(tzinfo=None, fold=0)
        soonest = first(wall, after)
        back = local.utcoffset() - local.replace(fold=1).utcoffset()  # type: ignore[operator]
        if twice and back and soonest is not None:  # this hour comes again
            soonest = min(soonest, first(wall - back, after) or soonest)
        return soonest

    return next_after


def wall_time(value: object) -> time:
    """A time of day from `7:30`, `07:30` or `07:30:15`, or from a time or date-time.

    Raises:
        ValueError: it is something else.
    """
    if isinstance(value, datetime):
        return value.time()
    if isinstance(value, time):
        return value
    found = _TIME.fullmatch(str(value).strip())
    if found is None:
        raise ValueError(f"{value!r} is no time of day: write `07:30` or `07:30:15`")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return time(hours, minutes, seconds)


def _next_wall(triggers: Sequence[CronTrigger], wall: datetime) -> datetime | None:
    after = wall.replace(tzinfo=UTC) + timedelta(microseconds=1)
    found = [at for t in triggers if (at := t.get_next_fire_time(None, after))]
    return min(found).replace(tzinfo=None) if found else None


def _weekdays(text: str) -> str:
    """The library counts weekdays from Monday; names mean the same to it and to cron."""
    if text == "*":
        return text
    days: set[int] = set()
    for part in text.lower().split(","):
        span, _, step = part.partition("/")
        first, _, last = ("0-6" if span == "*" else span).partition("-")
        low = _weekday(first)
        high = _weekday(last) if last else (6 if step else low)
        if high < low:
            raise ValueError(f"`{part}` is no range of weekdays")
        days.update(day % 7 for day in range(low, high + 1, int(step or 1)))
    return ",".join(_DAYS[day] for day in sorted(days))


def _weekday(text: str) -> int:
    if text in _DAYS:
        return _DAYS.index(text)
    if text.isdigit() and int(text) <= 7:
        return int(text)
    raise ValueError(f"`{text}` is no weekday: write 0-7 or sun-sat")
