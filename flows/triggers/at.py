"""The trigger `at`: times of day."""

import datetime
from collections.abc import Callable
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo

from msgspec import Meta

from flows.calendars import NextAfter, daily, wall_time
from flows.forgiving import forgiving
from flows.triggers.every import never, on_time
from pipelines.ports import Slots
from pipelines.registry import trigger
from pipelines.scope import Constant, Scope
from pipelines.step import StepFailed
from pipelines.tools import Tools
from pipelines.trigger import Arm, Fire, Trigger, Watch
from schemas.fields import Expression

Times = list[datetime.time]

_LOOKED_AGAIN_WITHIN = 60.0  # the engine asks for the next time at least once a minute


@trigger
class At(Trigger, frozen=True):
    """Fire at a time of day, every day.

    The time may be an expression, such as `"{{ memory('wake_time') }}"`; a changed value counts
    within a minute, and what is no time means never. For some weekdays only, add
    `if: {time: {weekday: …}}`. `trigger.ts` is the time that was due.

    When the clocks change: a time that they skip in spring comes as much later as they jump, so
    `02:30` comes at 03:30 of summer time that night; one that they repeat in autumn comes once, the
    first time. What fell due while the agent was down follows the pipeline's `missed`.

    When somebody sets the clock by up to three hours, times between the old and the new time come
    once, at once, and those that had come do not come again. After larger changes the agent goes
    on as after a start. Waits (`delay`, `for`, `timeout` …) are as long as they say either way.
    """

    main: ClassVar[str] = "time"

    time: Annotated[
        Expression | list[Expression],
        Meta(description="`07:30`, `07:30:15`, a list of these, or an expression."),
    ]

    def compile(self, tools: Tools) -> Arm:
        """Parse the times, or the expression that gives them."""
        zone = ZoneInfo(tools.ports.home.time_zone)
        times = tools.template(self.time, "time")
        if isinstance(times, Constant):
            try:
                return on_time(daily(_times(times.value), zone))
            except ValueError as error:
                tools.problem(str(error), "time")
                return never

        def arm(fire: Fire, slots: Slots, scope: Scope) -> list[Watch]:
            nothing: Times = []
            wanted = forgiving(lambda: _times_now(times(scope)), nothing)
            following = _following(wanted, zone, tools.ports.clock.now)
            return list(on_time(following)(fire, slots, scope))

        return arm


def _following(times: Callable[[], Times], zone: ZoneInfo, now: Callable[[], float]) -> NextAfter:
    """The next of times that may change: those that passed before a change do not count."""
    known: Times | None = None
    since = float("-inf")

    def next_after(after: float) -> float | None:
        nonlocal known, since
        wanted = times()
        if known is not None and wanted != known:
            since = now() - _LOOKED_AGAIN_WITHIN
        known = wanted
        return daily(wanted, zone)(max(after, since))

    return next_after


def _times(value: Any) -> Times:
    values = value if isinstance(value, list) else [value]
    return [wall_time(v) for v in values if v is not None]


def _times_now(value: Any) -> Times:
    try:
        return _times(value)
    except ValueError as error:
        raise StepFailed(str(error)) from None
