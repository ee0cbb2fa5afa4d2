"""The trigger `memory`: a remembered value changed."""

from typing import Annotated, Any, ClassVar

from msgspec import UNSET, Meta, UnsetType

from flows.doubts import band_doubt, change_doubt
from flows.forgiving import forgiving
from flows.holding import Holding
from flows.matching import band, one_of
from pipelines.ports import Slots
from pipelines.registry import trigger
from pipelines.scope import Scope
from pipelines.tools import Tools
from pipelines.trigger import Arm, Doubt, Doubts, Fire, OnName, Trigger, Watch
from schemas.event import Event
from schemas.fields import Duration, Expression


@trigger
class Memory(Trigger, frozen=True):
    """Fire when a remembered value changes, takes a value or crosses a limit.

    `above` and `below` fire when the value enters the band; one that was not set before was
    outside. `trigger` holds key, value, previous and ts.
    """

    main: ClassVar[str] = "key"

    key: Annotated[str, Meta(description="The key, as in `remember` and `memory('key')`.")]
    to: Annotated[
        Any | UnsetType, Meta(description="The value now: one, or a list; null: forgotten.")
    ] = UNSET
    above: Annotated[
        float | Expression | None, Meta(description="Fire when the value rises above this.")
    ] = None
    below: Annotated[
        float | Expression | None, Meta(description="Fire when the value falls below this.")
    ] = None
    for_: Annotated[
        Duration | None, Meta(description="Fire only after it has stayed so for this time.")
    ] = None

    def compile(self, tools: Tools) -> Arm:
        """Choose what the value must be."""
        banded = self.above is not None or self.below is not None
        if banded and self.to is not UNSET:
            tools.problem("`above`/`below` and `to` exclude each other", "to")
        inside = band(self.above, self.below, tools) if banded else None
        holds = inside or (_any if self.to is UNSET else one_of(self.to, tools, "to"))
        duration = None if self.for_ is None else tools.duration(self.for_, "for")
        clock, name, restarts = tools.ports.clock, self.key, holds is _any

        def arm(fire: Fire, slots: Slots, scope: Scope) -> list[Watch]:
            holding = Holding(fire, slots, scope, duration=duration, clock=clock)

            def see(event: Event) -> None:
                value, previous = event.payload["value"], event.payload["previous"]
                held = holds(value, scope)
                if restarts or not held:
                    holding.end(name)
                if held and not (inside and inside(previous, scope)):
                    data = {"key": name, "value": value, "previous": previous, "ts": event.ts}
                    holding.begin(name, data, event)

            return [OnName("memory", name, forgiving(see, None))]

        return arm

    def doubts(self, tools: Tools) -> Doubts:
        """A limit not crossed, or another value."""
        banded = self.above is not None or self.below is not None
        compare = (
            band_doubt(self.above, self.below, tools)
            if banded
            else change_doubt(UNSET, self.to, tools, unset=UNSET)
        )

        def doubt(event: Event, scope: Scope) -> Doubt | None:
            return compare(event.payload["value"], event.payload["previous"], True, scope)

        return doubt


def _any(value: Any, scope: Scope) -> bool:
    return True
