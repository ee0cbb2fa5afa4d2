"""Where windows begin and end: equal steps that fit the home's days, in microseconds."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Protocol
from zoneinfo import ZoneInfo

DAY = 86_400_000_000
_QUARTER = 900_000_000
_MONDAY = date(1970, 1, 5).toordinal()


class Grid(Protocol):
    """Consecutive panes without gaps."""

    def floor(self, us: int) -> int:
        """The start of the pane a time lies in."""

    def after(self, start: int) -> int:
        """The start of the pane that follows."""


def grid(step: int, zone: ZoneInfo) -> Grid:
    """Panes of `step` microseconds.

    Whole days begin at local midnight (weeks on Monday), and so do steps that divide a day; every
    zone's midnight is a full quarter of an hour, so those that divide one are counted from 1970,
    as are steps that fit no day.
    """
    if step % DAY == 0:
        return Days(step // DAY, zone)
    if _QUARTER % step == 0 or DAY % step:
        return Steady(step)
    return Daily(step, zone)


class Steady:
    """Steps counted from 1970 UTC."""

    def __init__(self, step: int) -> None:
        self.step = step

    def floor(self, us: int) -> int:
        """The start of the pane a time lies in."""
        return us // self.step * self.step

    def after(self, start: int) -> int:
        """The start of the pane that follows."""
        return start + self.step


class Days:
    """Local days, or several of them; those with a change of the clock are longer or shorter."""

    def __init__(self, count: int, zone: ZoneInfo) -> None:
        self._count = count
        self._zone = zone

    def floor(self, us: int) -> int:
        """The start of the pane a time lies in."""
        day = datetime.fromtimestamp(us // 1_000_000, self._zone).date().toordinal() - _MONDAY
        return self._midnight(day // self._count * self._count)

    def after(self, start: int) -> int:
        """The start of the pane that follows."""
        day = datetime.fromtimestamp(start // 1_000_000, self._zone).date().toordinal() - _MONDAY
        return self._midnight(day + self._count)

    def _midnight(self, day: int) -> int:
        begins = datetime.combine(date.fromordinal(day + _MONDAY), time(), self._zone)
        return round(begins.timestamp()) * 1_000_000


class Daily:
    """Steps counted from each local midnight: a day of 23 or 25 hours ends with an odd one."""

    def __init__(self, step: int, zone: ZoneInfo) -> None:
        self._step = step
        self._days = Days(1, zone)
        self._midnight = self._next = 0

    def floor(self, us: int) -> int:
        """The start of the pane a time lies in."""
        if not self._midnight <= us < self._next:
            self._midnight = self._days.floor(us)
            self._next = self._days.after(self._midnight)
        return self._midnight + (us - self._midnight) // self._step * self._step

    def after(self, start: int) -> int:
        """The start of the pane that follows."""
        self.floor(start)
        return min(start + self._step, self._next)


def back(grid: Grid, end: int, panes: int) -> int:
    """The start of the window of so many panes that ends there."""
    if isinstance(grid, Steady):
        return end - panes * grid.step
    for _ in range(panes):
        end = grid.floor(end - 1)
    return end
