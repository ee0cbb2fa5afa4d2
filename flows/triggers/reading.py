"""The trigger `reading`: a property of a device took a value."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from msgspec import Meta

from flows.doubts import band_doubt, change_doubt
from flows.forgiving import forgiving
from flows.holding import Holding
from flows.matching import Match, band, one_of
from pipelines.ports import Slots
from pipelines.registry import trigger
from pipelines.scope import Scope
from pipelines.tools import Tools
from pipelines.trigger import Arm, Doubt, Doubts, Fire, OnReading, Trigger, Watch
from schemas.device import Change
from schemas.event import Event
from schemas.fields import Devices, Duration, Expression

Begins = Callable[[Change, Scope], bool]
"""Whether the change begins what the trigger waits for."""
Holds = Callable[[Any, Scope], bool]
"""Whether a value still is what the trigger waits for."""


@trigger
class Reading(Trigger, frozen=True):
    """Fire when a property of a device changes, takes a value or crosses a limit.

    `above` and `below` fire when the value crosses, not on every sample; both together mean
    entering the band. `from` and `to` fire on change. Momentary properties (`action`) fire on
    every message. Every device and instance is looked at alone. `available` is a property too.
    The first value of a device crosses nothing, but counts as a change when it arrives live; a
    value the broker had kept fires only where it differs from the last one known. `trigger` holds
    device, property, instance, value, previous, unit, ts and key.
    """

    device: Annotated[Devices, Meta(description="Which devices.")]
    property: Annotated[
        str | None, Meta(description="Which property, in the common vocabulary; none: any.")
    ] = None
    instance: Annotated[
        str | int | None, Meta(description="Which of several equal properties; none: each.")
    ] = None
    above: Annotated[
        float | Expression | None, Meta(description="Fire when the value rises above this.")
    ] = None
    below: Annotated[
        float | Expression | None, Meta(description="Fire when the value falls below this.")
    ] = None
    from_: Annotated[Any, Meta(description="The value before: one, or a list of them.")] = None
    to: Annotated[Any, Meta(description="The value now: one, or a list of them.")] = None
    changed: Annotated[
        bool, Meta(description="false: fire on every report, also when it repeats the value.")
    ] = True
    for_: Annotated[
        Duration | None, Meta(description="Fire only after it has stayed so for this time.")
    ] = None
    on_unavailable: Annotated[
        Literal["hold", "reset"],
        Meta(description="Whether `for` goes on or begins anew when the device was unavailable."),
    ] = "hold"

    def compile(self, tools: Tools) -> Arm:
        """Choose what begins and what ends the wait, once."""
        begins, holds = self._rules(tools)
        device = tools.template(self.device, "device")
        duration = None if self.for_ is None else tools.duration(self.for_, "for")
        ports, watched, every = tools.ports, self.property, not self.changed
        instance = None if self.instance is None else str(self.instance)
        lasting = duration is not None
        resets = lasting and self.on_unavailable == "reset"

        def arm(fire: Fire, slots: Slots, scope: Scope) -> list[Watch]:
            holding = Holding(fire, slots, scope, duration=duration, clock=ports.clock)

            def see(change: Change, event: Event) -> None:
                if instance is not None and change.instance != instance:
                    return
                key = f"{change.key}|{change.property}|{change.instance or ''}"
                if lasting and not (holds and holds(change.value, scope)):
                    holding.end(key)
                if begins(change, scope):
                    holding.begin(key, mapping(change), event)

            wants = ports.devices.select(device(scope))
            watches: list[Watch] = [OnReading(wants, watched, forgiving(see, None), every)]
            if resets:
                watches.append(
                    OnReading(wants, "available", forgiving(_availability(holding), None))
                )
            return watches

        return arm

    def doubts(self, tools: Tools) -> Doubts:
        """Another instance, a kept value, a limit not crossed, or another change than wanted."""
        banded = self.above is not None or self.below is not None
        compare = (
            band_doubt(self.above, self.below, tools)
            if banded
            else change_doubt(self.from_, self.to, tools)
        )
        instance, every = None if self.instance is None else str(self.instance), not self.changed

        def doubt(change: Change, scope: Scope) -> Doubt | None:
            if instance is not None and change.instance != instance:
                return Doubt("instance", f"it was `{change.instance}`, not `{instance}`")
            if change.retained and (every or not change.known):
                text = f"{change.value!r} was a value the broker had kept"
                return Doubt("retained", text, {"value": change.value})
            if every:
                return None
            return compare(change.value, change.previous, change.known, scope)

        return doubt

    def _rules(self, tools: Tools) -> tuple[Begins, Holds | None]:
        banded = self.above is not None or self.below is not None
        valued = self.from_ is not None or self.to is not None
        if banded and valued:
            tools.problem("`above`/`below` and `from`/`to` exclude each other", "above")
        if not self.changed and (banded or valued or self.for_ is not None):
            tools.problem("`changed: false` fires on every report and stands alone", "changed")
        if banded:
            inside = band(self.above, self.below, tools)
            return _entering(inside), inside
        if not valued:
            return (_any_change if self.changed else _any_report), None
        before = None if self.from_ is None else one_of(self.from_, tools, "from")
        after = _no(before) if self.to is None else one_of(self.to, tools, "to")
        return _changing(before, after), after


def mapping(change: Change) -> dict[str, Any]:
    """What `trigger` is in expressions, for a reading."""
    return {
        "device": change.device,
        "property": change.property,
        "instance": change.instance,
        "value": change.value,
        "previous": change.previous,
        "unit": change.unit,
        "ts": change.ts,
        "key": change.key,
    }


def _entering(inside: Match) -> Begins:
    def begins(change: Change, scope: Scope) -> bool:
        if not inside(change.value, scope):
            return False
        return change.momentary or (change.known and not inside(change.previous, scope))

    return begins


def _changing(before: Match | None, after: Match) -> Begins:
    def begins(change: Change, scope: Scope) -> bool:
        if not after(change.value, scope) or not _any_change(change, scope):
            return False
        return before is None or (change.known and before(change.previous, scope))

    return begins


def _any_change(change: Change, scope: Scope) -> bool:
    if change.momentary or not change.known:
        return not change.retained
    return bool(change.value != change.previous)


def _any_report(change: Change, scope: Scope) -> bool:
    return not change.retained or _any_change(change, scope)


def _no(match: Match | None) -> Match:
    return lambda value, scope: match is not None and not match(value, scope)


def _availability(holding: Holding) -> Callable[[Change, Event], None]:
    def see(change: Change, event: Event) -> None:
        if change.value:
            holding.restart(f"{change.key}|")
        else:
            holding.suspend(f"{change.key}|")

    return see
