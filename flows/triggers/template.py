"""The trigger `template`: an expression became true."""

from collections.abc import Callable
from typing import Annotated, ClassVar

from msgspec import Meta

from flows.conditions.template import is_true, values_of
from flows.forgiving import forgiving
from flows.holding import Holding
from pipelines.expression_reads import Given, Named, Reads
from pipelines.ports import Devices, Slots
from pipelines.registry import trigger
from pipelines.scope import Scope
from pipelines.tools import Tools
from pipelines.trigger import (
    Arm,
    Doubt,
    Doubts,
    Fire,
    OnChange,
    OnName,
    OnReading,
    OnTick,
    Trigger,
    Watch,
)  # fmt: skip
from schemas.device import Change
from schemas.event import Event
from schemas.fields import Duration, Expression

_WAS_TRUE, _HELD = "was", "held"


@trigger
class Template(Trigger, frozen=True):
    """Fire when an expression becomes true.

    It is looked at whenever a reading or a remembered value that it names changes, and every
    minute. One that is true from the start has not become true.
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
        ports, reads = tools.ports, tools.reads(self.value)

        def arm(fire: Fire, slots: Slots, scope: Scope) -> list[Watch]:
            holding = Holding(fire, slots, scope, duration=duration, clock=ports.clock)

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
            return _watches(reads, forgiving(see, None), scope, ports.devices)

        return arm

    def doubts(self, tools: Tools) -> Doubts:
        """Not true, or true before already; with the values it looked up."""
        expression, parts = tools.expression(self.value, "value"), tools.parts(self.value, "value")

        def doubt(event: Event, scope: Scope) -> Doubt | None:
            values = values_of(parts, scope)
            if is_true(forgiving(expression, False)(scope)):
                return Doubt("crossed", "it was true before already", values)
            told = ", ".join(f"{text} = {value!r}" for text, value in values.items())
            return Doubt(
                "template", f"it was not true: {told}" if told else "it was not true", values
            )

        return doubt


def _watches(
    reads: Reads, see: Callable[[Event], None], scope: Scope, registry: Devices
) -> list[Watch]:
    def name(named: Named) -> str | None:
        found = scope.inputs.get(named.input) if isinstance(named, Given) else named
        return found if isinstance(found, str) else None

    keys = {name(key) for key in reads.memory}
    watches: list[Watch] = [OnTick(see)]
    if reads.anything or None in keys:
        return [*watches, OnChange(see)]
    watches += [OnName("memory", key, see) for key in keys if key is not None]
    for device, property in {(name(device), name(property)) for device, property in reads.readings}:
        watches.append(OnReading(registry.select(device or "*"), property, _seen(see)))
    return watches


def _seen(see: Callable[[Event], None]) -> Callable[[Change, Event], None]:
    return lambda change, event: see(event)
