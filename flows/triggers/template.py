"""The trigger `template`: an expression became true."""

import re
from typing import Annotated, ClassVar

from msgspec import Meta

from flows.conditions.template import is_true
from flows.forgiving import forgiving
from flows.holding import Holding
from pipelines.ports import Slots
from pipelines.registry import trigger
from pipelines.scope import Scope
from pipelines.tools import Tools
from pipelines.trigger import Arm, Fire, OnChange, Trigger, Watch
from schemas.event import Event
from schemas.fields import Duration, Expression

_WAS_TRUE, _HELD = "was", "held"
_READINGS = re.compile(r"\b(reading|available|devices)\b")
_MEMORY_WORD = re.compile(r"\bmemory\b")
_MEMORY = re.compile(r"\bmemory\(\s*(['\"])([^'\"]*)\1\s*[,)]")


@trigger
class Template(Trigger, frozen=True):
    """Fire when an expression becomes true.

    It is looked at whenever a reading or a remembered value changes, and every minute. One that
    is true from the start has not become true.
    """

    main: ClassVar[str] = "value"

    value: Annotated[Expression, Meta(description="The expression.")]
    for_: Annotated[
        Duration | None, Meta(description="Fire only after it has stayed true for this time.")
    ] = None

    def compile(self, tools: Tools) -> Arm:
        """Parse the expression."""
        expression = forgiving(tools.expression(self.value, "value"), False)
        duration = None if self.for_ is None else tools.duration(self.for_, "for")
        clock, reads = tools.ports.clock, _reads(self.value)

        def arm(fire: Fire, slots: Slots, scope: Scope) -> list[Watch]:
            holding = Holding(fire, slots, scope, duration=duration, clock=clock)

            def see(event: Event) -> None:
                true = is_true(expression(scope))
                if true is slots.get(_WAS_TRUE):
                    return
                slots.put(_WAS_TRUE, true)
                if true:
                    holding.begin(_HELD, {"value": True, "ts": event.ts}, event)
                else:
                    holding.end(_HELD)

            true = is_true(expression(scope))
            if true is not slots.get(_WAS_TRUE):
                slots.put(_WAS_TRUE, true)
                holding.end(_HELD)
            return [OnChange(forgiving(see, None), reads)]

        return arm


def _reads(text: str) -> frozenset[str]:
    """What the expression depends on beside the time; empty where that cannot be told.

    Readings cannot: the key behind a device's name may change.
    """
    keys = [key for _, key in _MEMORY.findall(text)]
    if _READINGS.search(text) or len(keys) != len(_MEMORY_WORD.findall(text)):
        return frozenset()
    return frozenset({"time", *(f"memory:{key}" for key in keys)})
