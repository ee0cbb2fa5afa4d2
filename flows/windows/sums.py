"""Running sums, means, variances and slopes that neither drift nor cancel.

A state is a list of numbers; two states of parts of a window merge into that of the whole.
"""

from __future__ import annotations

import math
from typing import Any

State = list[Any]


def add_sum(state: State, value: float) -> None:
    """Neumaier's compensated sum: [count, sum, compensation]."""
    state[0] += 1
    _compensate(state, value)


def merge_sums(state: State, other: State) -> None:
    """The sum of two sums."""
    state[0] += other[0]
    _compensate(state, other[1])
    state[2] += other[2]


def _compensate(state: State, value: float) -> None:
    total = state[1]
    added = total + value
    if abs(total) >= abs(value):
        state[2] += (total - added) + value
    else:
        state[2] += (value - added) + total
    state[1] = added


def total(state: State) -> float | None:
    """The sum; null of nothing. An infinite sum has no compensation."""
    if not state[0]:
        return None
    return float(state[1] + state[2] if math.isfinite(state[2]) else state[1])


def average(state: State) -> float | None:
    """The mean; null of nothing."""
    found = total(state)
    return None if found is None else found / state[0]


def add_moment(state: State, value: float) -> None:
    """Welford's running variance: [count, mean, sum of squared differences from it]."""
    state[0] += 1
    before = value - state[1]
    state[1] += before / state[0]
    state[2] += before * (value - state[1])


def merge_moments(state: State, other: State) -> None:
    """Chan, Golub and LeVeque: the moments of two parts as those of the whole."""
    count = state[0] + other[0]
    if not count:
        return
    apart = other[1] - state[1]
    state[2] += other[2] + apart * apart * state[0] * other[0] / count
    state[1] += apart * other[0] / count
    state[0] = count


def var_pop(state: State) -> float | None:
    """The variance of the whole population; null of nothing, 0 of one."""
    if state[0] == 1:
        return 0.0
    return float(state[2] / state[0]) if state[0] else None


def var_samp(state: State) -> float | None:
    """The variance estimated from a sample; null of less than two."""
    return float(state[2] / (state[0] - 1)) if state[0] > 1 else None


def stddev_pop(state: State) -> float | None:
    """The root of `var_pop`."""
    found = var_pop(state)
    return None if found is None else math.sqrt(found)


def stddev_samp(state: State) -> float | None:
    """The root of `var_samp`."""
    found = var_samp(state)
    return None if found is None else math.sqrt(found)


def add_pair(state: State, y: float, x: float) -> None:
    """Running co-moments: [count, mean x, mean y, squares of x, products of x and y]."""
    state[0] += 1
    dx, dy = x - state[1], y - state[2]
    state[1] += dx / state[0]
    state[2] += dy / state[0]
    state[3] += dx * (x - state[1])
    state[4] += dx * (y - state[2])


def merge_pairs(state: State, other: State) -> None:
    """The co-moments of two parts as those of the whole."""
    count = state[0] + other[0]
    if not count:
        return
    dx, dy = other[1] - state[1], other[2] - state[2]
    weight = state[0] * other[0] / count
    state[3] += other[3] + dx * dx * weight
    state[4] += other[4] + dx * dy * weight
    state[1] += dx * other[0] / count
    state[2] += dy * other[0] / count
    state[0] = count


def slope(state: State) -> float | None:
    """The rise of y for each x on the line of least squares; null without a line."""
    return float(state[4] / state[3]) if state[3] else None
