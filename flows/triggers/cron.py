"""The trigger `cron`: times from a crontab line."""

from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

from msgspec import Meta

from flows.calendars import cron
from flows.triggers.every import never, on_time
from pipelines.registry import trigger
from pipelines.tools import Tools
from pipelines.trigger import Arm, Calendar, Trigger


@trigger
class Cron(Trigger, frozen=True):
    """Fire at the times of a crontab line: minute, hour, day of month, month, weekday.

    The line is read as `crontab(5)` does, in the home's time zone: 0 and 7 are Sunday, names and
    `@daily` work. A time that the clocks skip in spring comes an hour later, one that they repeat
    in autumn comes once, unless the hour is `*`. `trigger.ts` is the time that was due. What fell
    due while the agent was down follows the pipeline's `missed`.
    """

    main: ClassVar[str] = "schedule"

    schedule: Annotated[
        str, Meta(description="The crontab line, quoted.", examples=["0 7 * * 1-5", "@hourly"])
    ]

    @property
    def calendar(self) -> Calendar:
        """The line itself."""
        return Calendar(cron=self.schedule)

    def compile(self, tools: Tools) -> Arm:
        """Parse the line."""
        try:
            beats = self.schedule.split()[1:2] == ["*"] or self.schedule.strip() == "@hourly"
            return on_time(cron(self.schedule, ZoneInfo(tools.ports.home.time_zone)), beats=beats)
        except ValueError as error:
            tools.problem(
                f"`{self.schedule}` is no crontab line: {error}",
                "schedule",
                "write minute, hour, day, month and weekday: `0 7 * * 1-5`",
            )
            return never
