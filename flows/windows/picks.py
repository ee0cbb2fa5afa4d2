"""Small states: counts, extremes, the first and the last, whether any or all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flows.windows.scalars import less

State = list[Any]


def add_count(state: State, value: Any = None) -> None:
    """One more."""
    state[0] += 1


def merge_counts(state: State, other: State) -> None:
    """Both counts."""
    state[0] += other[0]


def only(state: State) -> Any:
    """The state is the result."""
    return state[0]


def last(state: State) -> Any:
    """The last entry of the state is the result."""
    return state[-1]


def add_min(state: State, value: Any) -> None:
    """Keep the least; NaN is greater than everything."""
    if state[0] is None or less(value, state[0]):
        state[0] = value


def add_max(state: State, value: Any) -> None:
    """Keep the greatest; NaN is greater than everything."""
    if state[0] is None or less(state[0], value):
        state[0] = value


def merged(add: Callable[[State, Any], None]) -> Callable[[State, State], None]:
    """A merge that adds the other result as one more value."""

    def merge(state: State, other: State) -> None:
        if other[0] is not None:
            add(state, other[0])

    return merge


def add_first(state: State, value: Any, ts: float) -> None:
    """Keep the earliest: [time, value]."""
    if state[0] is None or ts < state[0]:
        state[:] = ts, value


def add_last(state: State, value: Any, ts: float) -> None:
    """Keep the latest, of equal times the one that came last."""
    if state[0] is None or ts >= state[0]:
        state[:] = ts, value


def add_arg_min(state: State, value: Any, by: Any) -> None:
    """Keep the value where another is least: [the other, value]."""
    if state[0] is None or less(by, state[0]):
        state[:] = by, value


def add_arg_max(state: State, value: Any, by: Any) -> None:
    """Keep the value where another is greatest."""
    if state[0] is None or less(state[0], by):
        state[:] = by, value


def merged_pair(add: Callable[[State, Any, Any], None]) -> Callable[[State, State], None]:
    """The same for states of two entries."""

    def merge(state: State, other: State) -> None:
        if other[0] is not None:
            add(state, other[1], other[0])

    return merge


def add_or(state: State, value: Any) -> None:
    """Whether any is true."""
    state[0] = bool(state[0] or value)


def add_and(state: State, value: Any) -> None:
    """Whether all are true."""
    state[0] = bool(value) if state[0] is None else bool(state[0] and value)


def add_if(state: State, value: Any) -> None:
    """One more if it is true; null of nothing, as in DuckDB."""
    state[0] = (state[0] or 0) + bool(value)


def merge_ifs(state: State, other: State) -> None:
    """Both counts, or the one there is."""
    if other[0] is not None:
        state[0] = (state[0] or 0) + other[0]
