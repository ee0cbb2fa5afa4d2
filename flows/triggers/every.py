"""The trigger `every`: a steady beat."""

from typing import Annotated, ClassVar

from msgspec import Meta

from flows.calendars import NextAfter, every
from pipelines.ports import Slots
from pipelines.registry import trigger
from pipelines.scope import Scope
from pipelines.tools import Tools
from pipelines.trigger import Arm, Calendar, Fire, OnTime, Trigger, Watch
from schemas.fields import Duration


@trigger
class Every(Trigger, frozen=True):
    """Fire at a steady beat.

    The beat counts from the epoch, not from the start of the agent: `every: 15m` fires at the
    full quarters of the hour, also after a restart. `trigger.ts` is the time that was due.
    """

    main: ClassVar[str] = "period"
    whole: ClassVar[bool] = True

    period: Annotated[Duration, Meta(description="From one firing to the next.")]

    @property
    def calendar(self) -> Calendar:
        """The period."""
        return Calendar(every=self.period)

    def compile(self, tools: Tools) -> Arm:
        """Parse the period."""
        period = tools.seconds(self.period, "period")
        if period <= 0:
            tools.problem("the period must be longer than nothing", "period")
            return never
        return on_time(every(period), beats=True)


def on_time(next_after: NextAfter, *, beats: bool = False) -> Arm:
    """A trigger that fires at the times of a calendar."""

    def arm(fire: Fire, slots: Slots, scope: Scope) -> list[Watch]:
        return [OnTime(next_after, lambda due, event: fire({"ts": due}, event), beats)]

    return arm


def never(fire: Fire, slots: Slots, scope: Scope) -> list[Watch]:
    """What a trigger with a problem compiles to."""
    return []
