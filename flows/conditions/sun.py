"""The condition `sun`: the time between two events of the sun."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from msgspec import Meta

from flows import sun
from pipelines.condition import Condition
from pipelines.findings import Tell, Told
from pipelines.registry import condition
from pipelines.scope import Scope, Test
from pipelines.step import StepFailed
from pipelines.tools import Tools

_POLAR = 2 * 86_400.0  # when nothing has happened for two days the sun stays up, or down
_RISING = {"sunrise", "dawn"}


@condition
class Sun(Condition, frozen=True):
    """Hold between two events of the sun at the home.

    `{after: sunset, before: sunrise}` is the night. With only one of them, midnight is the other
    end. `offset` moves both: `{after: sunset, offset: -30m}`.
    """

    after: Annotated[sun.SunEvent | None, Meta(description="From this event on.")] = None
    before: Annotated[sun.SunEvent | None, Meta(description="Until this event.")] = None
    offset: Annotated[
        str, Meta(description="Both later by this, or earlier: `-30m`.", examples=["-30m"])
    ] = "0s"

    def compile(self, tools: Tools) -> Test:
        """Find the place and the offset; what runs compares the last events."""
        after, before = self.after, self.before
        offset = sun.offset_seconds(self.offset, tools)
        if after is None and before is None:
            tools.problem("no event is given", hint="add `after` or `before`: `sunset`, `sunrise`")
        sky = sun.sun_over(tools)
        zone, now = ZoneInfo(tools.ports.home.time_zone), tools.ports.clock.now

        def last(sky: sun.Sun, event: sun.SunEvent | None, until: float) -> float:
            if event is None:
                midnight = datetime.fromtimestamp(until, zone).replace(
                    hour=0, minute=0, second=0, microsecond=0
                )
                return midnight.timestamp()
            found = sky.last(event, until, offset)
            return float("-inf") if found is None else found

        def condition(scope: Scope) -> bool:
            if sky is None:
                raise StepFailed(sun.UNKNOWN_PLACE)
            at = now()
            began, ended = last(sky, after, at), last(sky, before, at)
            if at - max(began, ended) > _POLAR:
                return sky.is_up(at) is (after in _RISING)
            return began > ended

        return condition

    def tell(self, tools: Tools) -> Tell:
        """The clock, and where the sun is."""
        sky, zone = sun.sun_over(tools), ZoneInfo(tools.ports.home.time_zone)
        now = tools.ports.clock.now

        def tell(scope: Scope) -> Told:
            values = {"now": f"{datetime.fromtimestamp(now(), zone):%H:%M:%S}"}
            if sky is not None:
                values["the sun is"] = "up" if sky.is_up(now()) else "down"
            return Told(values)

        return tell
