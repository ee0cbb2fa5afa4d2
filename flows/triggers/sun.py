"""The trigger `sun`: sunrise, sunset and the like."""

from typing import Annotated, ClassVar

from msgspec import Meta

from flows import sun
from flows.triggers.every import never, on_time
from pipelines.registry import trigger
from pipelines.tools import Tools
from pipelines.trigger import Arm, Trigger


@trigger
class Sun(Trigger, frozen=True):
    """Fire when the sun rises or sets at the home, or some time before or after.

    `trigger.ts` is the time that was due.
    """

    main: ClassVar[str] = "event"

    event: Annotated[
        sun.SunEvent, Meta(description="Dawn and dusk are those of civil twilight, noon the sun's.")
    ]
    offset: Annotated[
        str, Meta(description="Later by this, or earlier: `-30m`.", examples=["-30m", "1h"])
    ] = "0s"

    def compile(self, tools: Tools) -> Arm:
        """Find the place and the offset."""
        offset = sun.offset_seconds(self.offset, tools)
        sky = sun.sun_over(tools)
        if sky is None:
            return never
        event = self.event
        return on_time(lambda after: sky.next(event, after, offset))
