"""The trigger `window`: aggregates of readings over time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any

from msgspec import Meta, Struct

from flows.schedule import timer_event
from flows.topic_rules import filter_problem
from flows.windows.asked import Asked, asked
from flows.windows.live import Emit, Live
from flows.windows.query import HIDDEN
from flows.windows.shape import shape
from flows.windows.sources import reading_column, reading_row, topic_column, topic_row
from flows.windows.store import Complete
from pipelines.ports import Past, Slots
from pipelines.registry import trigger
from pipelines.scope import Constant, Scope
from pipelines.tools import Tools
from pipelines.trigger import Arm, Fire, OnName, OnReading, OnTopic, Trigger, Watch
from schemas.device import Change
from schemas.event import Event
from schemas.fields import Devices, Duration, Expression

Take = Callable[[tuple[Any, ...], Event], None]
Read = Callable[[int], Iterator[tuple[tuple[Any, ...], Event]]]


class Of(Struct, frozen=True, forbid_unknown_fields=True):
    """Readings of devices and a property, or the messages on a topic."""

    device: Annotated[Devices | None, Meta(description="Which devices; all by default.")] = None
    property: Annotated[
        str | None, Meta(description="Which property, in the common vocabulary; none: any.")
    ] = None
    instance: Annotated[
        str | int | None, Meta(description="Which of several equal properties; none: each.")
    ] = None
    topic: Annotated[
        Expression | None, Meta(description="Topic or filter, in place of devices.")
    ] = None


@trigger
class Window(Trigger, frozen=True):
    """Fire with averages, counts, extremes … of all readings of a time.

    **Tumbling** windows (`size`) follow one another: of every ten minutes, one average.
    **Sliding** windows (`size` and `slide`) overlap: every minute, the average of the last hour.
    **Session** windows (`gap`) last as long as readings follow one another closely: a machine's
    work from its first reading to its last, once none has come for five minutes: `window: {of:
    {device: washer, property: power}, gap: 5m, aggregate: {peak: max(value)}}`. A window without
    readings fires nothing.

    `aggregate` names what is computed, in the words of SQL, over the columns of the table
    `readings`: `value` (numbers; booleans are 0 and 1), `text`, `ts` (epoch seconds), `device`,
    `device_key`, `property`, `instance`, `unit`. With `topic` they are `topic`, `ts`, `value` and
    `text` (a payload that is nothing else, or the JSON key of that name), and every other key of a
    JSON payload: `avg(temperature)`, `max(ENERGY.Power)`, `sum("odd-key")`. The functions, each
    with DuckDB's meaning: `count()`, `count(x)`, `count(distinct x)`, `count_if(test)`, `sum`,
    `avg`, `min`, `max`, `first` and `last` (by time), `arg_min(x, y)` and `arg_max(x, y)` (x where
    y is least, greatest), `median`, `quantile_cont(x, 0.9)`, `mode`, `stddev_samp`, `stddev_pop`,
    `var_samp`, `var_pop`, `regr_slope(value, ts)` (the rise each second), `bool_or`, `bool_and`.
    Each may be followed by `filter (where …)`, and they compute with one another: `max(value) -
    min(value)`. Around them stand `abs`, `round`, `floor`, `ceil`, `sqrt`, `coalesce`, `nullif`,
    `greatest`, `least`. Nulls are left out, dividing by zero gives null.

    With `by` every device (or topic, property, …) has windows of its own, at most 10,000 at once;
    as they end together, steps that wait call for `mode: parallel` or `queued`. `having` lets only
    some windows through: SQL over the aggregates, `avg > 25 and n >= 3` or `max(value) > 30`, or an
    expression that knows the same names, `"{{ avg > inputs.limit }}"`. `trigger` holds the
    aggregates by name, `count` (all readings), `start` and `end` (epoch seconds; a session's are
    its first and last reading), `ts` (the same as `end`), what stands in `by`, and `late`.

    A reading counts at its own time where its device tells one, else when it arrives. A window
    fires when its end has come, `lateness` later if that is given. What comes after that does not
    count in it: the log says so, and `late` is how many these are by now. Devices that send their
    own times are a little late: with `lateness: 2s` their readings find their window. Sizes that
    divide a day begin at local midnight, weeks on Monday; all others are counted from 1970. Values
    that a broker has kept are left out, they are old.

    Windows go on after a restart, also after a power cut, with every reading once: those the
    ledger holds are counted from there, those it does not are sent again by the broker. A window
    that ended meanwhile fires two seconds after the broker is back, see `stale_after`. Memory:
    some 150 bytes for each aggregate, group and `slide`; `median`, `quantile_cont`, `mode` and
    `count(distinct x)` keep their values, at most 100,000 a group (beyond that they are null).
    """

    of: Annotated[Of, Meta(description="What goes in.")]
    size: Annotated[Duration | None, Meta(description="How long a window is.")] = None
    slide: Annotated[
        Duration | None,
        Meta(description="From one window to the next; they follow one another by default."),
    ] = None
    gap: Annotated[
        Duration | None, Meta(description="A session ends when nothing came for this long.")
    ] = None
    by: Annotated[
        list[str] | None,
        Meta(description="Columns; each combination has windows of its own."),
    ] = None
    aggregate: Annotated[
        dict[str, str] | None, Meta(description="What to compute, by the name it gets.")
    ] = None
    having: Annotated[
        str | None, Meta(description="What must hold of the aggregates for a window to fire.")
    ] = None
    lateness: Annotated[
        Duration, Meta(description="How much later a window closes, for readings that are late.")
    ] = "0s"

    def compile(self, tools: Tools) -> Arm:
        """Parse the aggregates and the times; the states are made when it is armed."""
        _check(self.of, tools)
        times = ("size", "slide", "gap", "lateness")
        given = {name: getattr(self, name) for name in times}
        make = shape(
            {k: None if v is None else tools.duration(v, k) for k, v in given.items()}, tools
        )
        column = reading_column if self.of.topic is None else topic_column
        query = asked(self.aggregate or {}, self.by or [], self.having, column=column, tools=tools)
        source = _readings if self.of.topic is None else _messages
        watch, ports, path = source(self.of, query.columns, tools), tools.ports, tools.path

        def arm(fire: Fire, slots: Slots, scope: Scope) -> list[Watch]:
            made = make(scope, query.query)
            if made is None:
                return []
            emit = _emitter(query, fire, scope, path)
            live = Live(
                *made, slots=slots, past=ports.past, now=ports.clock.now, emit=emit,
                by=tuple(query.by.values()), name=path,
            )  # fmt: skip
            watches, read = watch(live.take, ports.past, scope)
            live.take_up(read)
            return [watches, OnName("startup", "", live.settle)]

        return arm


def _check(of: Of, tools: Tools) -> None:
    about_device = [k for k in ("device", "property", "instance") if getattr(of, k) is not None]
    if of.topic is not None and about_device:
        tools.problem(f"`topic` and `{about_device[0]}` exclude each other", "of/topic")
    if of.topic is None and not about_device:
        tools.problem("`of` needs a device, a property or a topic", "of")


def _emitter(query: Asked, fire: Fire, scope: Scope, path: str) -> Emit:
    names, values_of, having = tuple(query.by), query.query.values, query.having

    def emit(complete: Complete, now: int, late: int) -> None:
        values = values_of(complete.states)
        if having is not None and not having(values, scope):
            return
        start, end = complete.start / 1e6, complete.end / 1e6
        group = dict(zip(names, complete.group, strict=True))
        name = "/".join(map(str, (path, *complete.group)))
        event = timer_event(f"window/{name}", end, now / 1e6)
        told = {name: value for name, value in values.items() if not name.startswith(HIDDEN)}
        fire(told | group | {"start": start, "end": end, "ts": end, "late": late}, event)

    return emit


Watching = Callable[[Take, Past, Scope], tuple[Watch, Read]]


def _readings(of: Of, columns: Any, tools: Tools) -> Watching:
    wanted = tools.template("*" if of.device is None else of.device, "of/device")
    row, select = reading_row(columns), tools.ports.devices.select
    property, instance = of.property, None if of.instance is None else str(of.instance)

    def watch(take: Take, past: Past, scope: Scope) -> tuple[Watch, Read]:
        wants = select(wanted(scope))

        def see(change: Change, event: Event) -> None:
            if not change.retained and (instance is None or change.instance == instance):
                take(row(change, event), event)

        def read(after: int) -> Iterator[tuple[tuple[Any, ...], Event]]:
            for change, event in past.readings_since(after, property):
                if wants(change.key) and (instance is None or change.instance == instance):
                    yield row(change, event), event

        return OnReading(wants, property, see, every=True), read

    return watch


def _messages(of: Of, columns: Any, tools: Tools) -> Watching:
    topic, row = tools.expression(of.topic, "of/topic"), topic_row(columns)
    if isinstance(topic, Constant) and (wrong := filter_problem(topic.value)):
        tools.problem(wrong, "of/topic")

    def watch(take: Take, past: Past, scope: Scope) -> tuple[Watch, Read]:
        topic_filter = topic(scope)

        def see(event: Event) -> None:
            if not event.retain:
                take(row(event), event)

        def read(after: int) -> Iterator[tuple[tuple[Any, ...], Event]]:
            return ((row(event), event) for event in past.messages_since(after, topic_filter))

        return OnTopic(topic_filter, see, qos=1), read

    return watch
