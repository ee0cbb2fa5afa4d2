"""The aggregate functions by name, with DuckDB's names and rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from flows.windows import picks, samples, sums
from flows.windows.scalars import Row, Value
from flows.windows.sources import number
from flows.windows.sql import Call, Literal, SqlMistake

State = list[Any]
Packing = Callable[[Any], Any]


def _as_it_is(state: Any) -> Any:
    return state


class Accumulator(Struct, frozen=True):
    """One aggregate of a window: a state takes in rows, merges with another, gives a result."""

    start: Callable[[], State]
    add: Callable[[State, Row], None]
    merge: Callable[[State, State], None]
    result: Callable[[State], Any]
    pack: Packing = _as_it_is
    unpack: Packing = _as_it_is


class Kind(Struct, frozen=True):
    """A function: what it takes, and how its state is kept.

    Rows with a null among the arguments are left out unless it takes `nulls`; `numeric` turns
    everything but numbers and booleans to null before.
    """

    arguments: int
    start: Callable[[], State]
    add: Callable[..., None]
    merge: Callable[[State, State], None]
    result: Callable[[State], Any]
    numeric: bool = True
    nulls: bool = False
    timed: bool = False
    pack: Packing = _as_it_is
    unpack: Packing = _as_it_is


def accumulator(call: Call, value: Callable[[Any], Value]) -> Accumulator:
    """An aggregate's call as what is done with rows; `value` compiles its arguments.

    Raises:
        SqlMistake: the arguments do not fit.
    """
    kind, given = _kind(call)
    if len(given) != kind.arguments:
        words = "1 argument" if kind.arguments == 1 else f"{kind.arguments} arguments"
        raise SqlMistake(f"`{call.name}` takes {words}", _EXAMPLES.get(call.name, ""))
    add = _adding(kind, [value(each) for each in given])
    if call.where is not None:
        add = _where(value(call.where), add)
    return Accumulator(kind.start, add, kind.merge, kind.result, kind.pack, kind.unpack)


def _kind(call: Call) -> tuple[Kind, tuple[Any, ...]]:
    name, given = ALIASES.get(call.name, call.name), call.arguments
    if name == "count":
        if call.distinct:
            return _DISTINCT, given
        return (_COUNT, given) if given else (_ROWS, given)
    if call.distinct:
        raise SqlMistake("only `count` takes `distinct`")
    if name == "median":
        return _quantile(0.5), given
    if name == "quantile_cont" and len(given) == 2:
        fraction = given[1]
        if not isinstance(fraction, Literal) or not _is_fraction(fraction.value):
            raise SqlMistake("the second argument of `quantile_cont` is a number from 0 to 1")
        return _quantile(fraction.value), given[:1]
    if name == "quantile_cont":
        raise SqlMistake("`quantile_cont` takes 2 arguments", _EXAMPLES[name])
    return KINDS[name], given


def _is_fraction(value: Any) -> bool:
    return isinstance(value, int | float) and 0 <= value <= 1


def _adding(kind: Kind, parts: list[Value]) -> Callable[[State, Row], None]:
    """What takes a row into a state; those of one argument are the hot path."""
    if kind.numeric:
        parts = [_number(part) for part in parts]
    add = kind.add
    if not parts:
        return lambda state, row: add(state)
    if len(parts) == 1 and not kind.timed:
        part = parts[0]

        def add_one(state: State, row: Row) -> None:
            if (value := part(row)) is not None:
                add(state, value)

        return add_one

    def add_several(state: State, row: Row) -> None:
        values = [part(row) for part in parts]
        if kind.nulls or None not in values:
            add(state, *values, *((row[0],) if kind.timed else ()))

    return add_several


def _number(part: Value) -> Value:
    return lambda row: number(part(row))


def _where(test: Value, add: Callable[[State, Row], None]) -> Callable[[State, Row], None]:
    def add_where(state: State, row: Row) -> None:
        if test(row):
            add(state, row)

    return add_where


def _zero() -> State:
    return [0]


def _nothing() -> State:
    return [None]


def _pair() -> State:
    return [None, None]


def _three() -> State:
    return [0, 0.0, 0.0]


def _quantile(fraction: float) -> Kind:
    return Kind(
        1, lambda: [[], False], samples.add_sample, samples.merge_samples,
        samples.quantile_cont(fraction),
    )  # fmt: skip


def _tally(result: Callable[[State], Any]) -> Kind:
    return Kind(
        1, lambda: [{}, False], samples.add_tally, samples.merge_tallies, result,
        numeric=False, pack=samples.pack_tally, unpack=samples.unpack_tally,
    )  # fmt: skip


def _moment(result: Callable[[State], Any]) -> Kind:
    return Kind(1, _three, sums.add_moment, sums.merge_moments, result)


def _extreme(add: Callable[[State, Any], None]) -> Kind:
    return Kind(1, _nothing, add, picks.merged(add), picks.only, numeric=False)


def _at(arguments: int, add: Callable[[State, Any, Any], None]) -> Kind:
    """The value where something else is least or greatest: by default its time."""
    timed = arguments == 1
    return Kind(
        arguments,
        _pair,
        add,
        picks.merged_pair(add),
        picks.last,
        numeric=False,
        nulls=timed,
        timed=timed,
    )


_ROWS = Kind(0, _zero, picks.add_count, picks.merge_counts, picks.only)
_COUNT = Kind(1, _zero, picks.add_count, picks.merge_counts, picks.only, numeric=False)
_DISTINCT = _tally(samples.distinct)

KINDS: Mapping[str, Kind] = {
    "arg_max": _at(2, picks.add_arg_max),
    "arg_min": _at(2, picks.add_arg_min),
    "avg": Kind(1, _three, sums.add_sum, sums.merge_sums, sums.average),
    "bool_and": _extreme(picks.add_and),
    "bool_or": _extreme(picks.add_or),
    "count": _COUNT,
    "count_if": Kind(1, _nothing, picks.add_if, picks.merge_ifs, picks.only, numeric=False),
    "first": _at(1, picks.add_first),
    "last": _at(1, picks.add_last),
    "max": _extreme(picks.add_max),
    "median": _quantile(0.5),
    "min": _extreme(picks.add_min),
    "mode": _tally(samples.mode),
    "quantile_cont": _quantile(0.5),
    "regr_slope": Kind(
        2, lambda: [0, 0.0, 0.0, 0.0, 0.0], sums.add_pair, sums.merge_pairs, sums.slope
    ),
    "stddev_pop": _moment(sums.stddev_pop),
    "stddev_samp": _moment(sums.stddev_samp),
    "sum": Kind(1, _three, sums.add_sum, sums.merge_sums, sums.total),
    "var_pop": _moment(sums.var_pop),
    "var_samp": _moment(sums.var_samp),
}
ALIASES: Mapping[str, str] = {
    "max_by": "arg_max", "mean": "avg", "min_by": "arg_min", "stddev": "stddev_samp",
    "variance": "var_samp",
}  # fmt: skip
NAMES = frozenset(KINDS) | frozenset(ALIASES)
_EXAMPLES: Mapping[str, str] = {
    "quantile_cont": "for example `quantile_cont(value, 0.9)`",
    "arg_max": "for example `arg_max(device, value)`",
    "arg_min": "for example `arg_min(device, value)`",
    "regr_slope": "for example `regr_slope(value, ts)`",
    "avg": "for example `avg(value)`",
}
