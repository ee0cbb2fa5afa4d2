"""Aggregates that need the values themselves: medians, quantiles, modes, distinct counts.

At most `MOST` values (or different values) are kept for each; beyond that the result is null.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

State = list[Any]
MOST = 100_000
_NAN = math.nan


def add_sample(state: State, value: Any) -> None:
    """Keep a value: [values, whether there were too many]."""
    if len(state[0]) < MOST:
        state[0].append(value)
    else:
        state[1] = True


def merge_samples(state: State, other: State) -> None:
    """The values of both."""
    room = MOST - len(state[0])
    state[1] = state[1] or other[1] or len(other[0]) > room
    state[0] += other[0][:room]


def quantile_cont(fraction: float) -> Callable[[State], Any]:
    """The value below which this part of all lies, between the two nearest; null of nothing."""

    def quantile(state: State) -> float | None:
        values = sorted(state[0], key=_nan_last)
        if not values or state[1]:
            return None
        place = fraction * (len(values) - 1)
        low, high = values[math.floor(place)], values[math.ceil(place)]
        part = place - math.floor(place)
        return float(low if low == high else low * (1 - part) + high * part)

    return quantile


def _nan_last(value: float) -> tuple[bool, float]:
    return (value != value, value)


def add_tally(state: State, value: Any) -> None:
    """Count a value: [counts by value, whether there were too many different ones]."""
    counts = state[0]
    if value != value:
        value = _NAN  # one NaN is as good as another, as in DuckDB
    if value in counts:
        counts[value] += 1
    elif len(counts) < MOST:
        counts[value] = 1
    else:
        state[1] = True


def merge_tallies(state: State, other: State) -> None:
    """The counts of both."""
    for value, count in other[0].items():
        add_tally(state, value)
        if value in state[0]:
            state[0][value] += count - 1
    state[1] = state[1] or other[1]


def distinct(state: State) -> int | None:
    """How many different values."""
    return None if state[1] else len(state[0])


def mode(state: State) -> Any:
    """The most frequent value, of several the one that came first; null of nothing."""
    counts = state[0]
    return None if state[1] or not counts else max(counts, key=counts.__getitem__)


def pack_tally(state: State) -> Any:
    """As JSON, whose mappings know only texts as keys."""
    return [list(state[0].items()), state[1]]


def unpack_tally(packed: Any) -> State:
    """Back from JSON."""
    state: State = [{}, packed[1]]
    for value, count in packed[0]:
        state[0][_NAN if value != value else value] = count
    return state
