"""The condition `reading`: what a device last reported."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from flows.commands import named
from flows.matching import Match, band, one_of
from pipelines.condition import Condition
from pipelines.findings import Tell, Told
from pipelines.registry import condition
from pipelines.scope import Constant, Expr, Scope, Test
from pipelines.tools import Tools
from schemas.fields import Devices, Duration, Expression


@condition
class Reading(Condition, frozen=True):
    """Hold when the last reported value of a device is as described.

    A value nobody has reported yet is neither `is` nor `not` anything. With several devices all
    of them must match, or one with `match: any`.
    """

    device: Annotated[Devices, Meta(description="Which devices.")]
    property: Annotated[str, Meta(description="Which property, in the common vocabulary.")]
    instance: Annotated[
        str | int | None, Meta(description="Which of several equal properties.")
    ] = None
    is_: Annotated[Any, Meta(description="The value: one, or a list of them.")] = None
    not_: Annotated[Any, Meta(description="Not this value, or none of a list.")] = None
    above: Annotated[float | Expression | None, Meta(description="Greater than this number.")] = (
        None
    )
    below: Annotated[float | Expression | None, Meta(description="Less than this number.")] = None
    for_: Annotated[
        Duration | None, Meta(description="The value has been what it is for at least this time.")
    ] = None
    match: Annotated[
        Literal["all", "any"], Meta(description="Whether all devices must match, or one.")
    ] = "all"

    def compile(self, tools: Tools) -> Test:
        """Collect the tests of a value, and how the devices are found."""
        tests = value_tests(self, tools)
        devices = tools.template(self.device, "device")
        duration = None if self.for_ is None else tools.duration(self.for_, "for")
        prop, every = self.property, all if self.match == "all" else any
        instance = None if self.instance is None else str(self.instance)
        registry, now = tools.ports.devices, tools.ports.clock.now

        def one(device: str, scope: Scope) -> bool:
            value = registry.value(device, prop, instance)
            if value is None or not all(test(value, scope) for test in tests):
                return False
            return duration is None or _since(device, scope, duration)

        def _since(device: str, scope: Scope, duration: Expr) -> bool:
            since = registry.since(device, prop, instance)
            return since is not None and now() - since >= duration(scope)

        def reading(scope: Scope) -> bool:
            names = named(devices(scope), registry)
            return bool(names) and every(one(name, scope) for name in names)

        return reading

    def tell(self, tools: Tools) -> Tell:
        """What each device had reported, the limits that are computed, and how long it was so."""
        devices, prop = tools.template(self.device, "device"), self.property
        instance = None if self.instance is None else str(self.instance)
        limits = {name: tools.expression(getattr(self, name), name) for name in ("above", "below")}
        registry, now, lasting = tools.ports.devices, tools.ports.clock.now, self.for_ is not None

        def tell(scope: Scope) -> Told:
            values: dict[str, Any] = {}
            for name in named(devices(scope), registry):
                label = f"{registry.name(name)} {prop}"
                values[label] = registry.value(name, prop, instance)
                since = registry.since(name, prop, instance)
                if lasting and since is not None:
                    values[f"{label}, seconds so"] = round(now() - since, 1)
            computed = {n: v(scope) for n, v in limits.items() if not isinstance(v, Constant)}
            return Told(values | computed)

        return tell


def value_tests(fields: Any, tools: Tools) -> list[Match]:
    """The tests of the fields `is`, `not`, `above` and `below`; a problem when there is none."""
    tests: list[Match] = []
    if fields.is_ is not None:
        tests.append(one_of(fields.is_, tools, "is"))
    if fields.not_ is not None:
        other = one_of(fields.not_, tools, "not")
        tests.append(lambda value, scope: not other(value, scope))
    if fields.above is not None or fields.below is not None:
        tests.append(band(fields.above, fields.below, tools))
    if not tests:
        tools.problem("nothing is said about the value", hint="add `is`, `not`, `above` or `below`")
    return tests
