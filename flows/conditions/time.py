"""The condition `time`: the clock on the wall."""

import datetime
from collections.abc import Callable
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

from msgspec import Meta

from flows.calendars import wall_time
from pipelines.condition import Condition
from pipelines.findings import Tell, Told
from pipelines.registry import condition
from pipelines.scope import Constant, Scope, Test
from pipelines.tools import Tools
from schemas.fields import Expression

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAYS: tuple[str, ...] = get_args(Weekday)

At = Callable[[Scope], datetime.time]


@condition
class Time(Condition, frozen=True):
    """Hold between two times of day and on some weekdays, in the home's time zone.

    `after` is part of the time, `before` is not. When `after` is later than `before` the time
    crosses midnight; the weekday is always that of now.
    """

    after: Annotated[Expression | None, Meta(description="From this time of day on: `22:30`.")] = (
        None
    )
    before: Annotated[Expression | None, Meta(description="Until this time of day.")] = None
    weekday: Annotated[Weekday | list[Weekday] | None, Meta(description="On these weekdays.")] = (
        None
    )

    def compile(self, tools: Tools) -> Test:
        """Parse the times and the days."""
        after, before = _at(self.after, "after", tools), _at(self.before, "before", tools)
        given = _DAYS if self.weekday is None else self.weekday
        days = {_DAYS.index(day) for day in ([given] if isinstance(given, str) else given)}
        if self.after is None and self.before is None and self.weekday is None:
            tools.problem("no time is given", hint="add `after`, `before` or `weekday`")
        zone, now = ZoneInfo(tools.ports.home.time_zone), tools.ports.clock.now

        def time(scope: Scope) -> bool:
            local = datetime.datetime.fromtimestamp(now(), zone)
            return local.weekday() in days and within(
                local.time(), after and after(scope), before and before(scope)
            )

        return time

    def tell(self, tools: Tools) -> Tell:
        """The clock on the wall."""
        zone, now = ZoneInfo(tools.ports.home.time_zone), tools.ports.clock.now
        return lambda scope: Told(
            {"now": f"{datetime.datetime.fromtimestamp(now(), zone):%a %H:%M:%S}"}
        )


def within(now: datetime.time, after: datetime.time | None, before: datetime.time | None) -> bool:
    """Whether a time of day lies in a window that may cross midnight."""
    if after is None or before is None:
        return (after is None or now >= after) and (before is None or now < before)
    if after <= before:
        return after <= now < before
    return now >= after or now < before


def _at(text: str | None, at: str, tools: Tools) -> At | None:
    if text is None:
        return None
    expression = tools.expression(text, at)
    if not isinstance(expression, Constant):
        return lambda scope: wall_time(expression(scope))
    try:
        return Constant(wall_time(expression.value))
    except ValueError as error:
        tools.problem(str(error), at)
        return None
