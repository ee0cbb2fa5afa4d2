"""A small network that forecasts a sensor's next value, and knows how far off it usually is.

It is small enough to be computed in Python: 27 numbers in, 16 hidden units, 0.1 ms.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

from msgspec import Struct

from schemas.anomaly import Judged

PAST = 24
"""How many values, one an interval, a forecast looks back on."""
_DAY, _WEEK = 86_400.0, 604_800.0


class Forecast(Struct, frozen=True, kw_only=True):
    """What was learnt of one property of one device.

    `interval` is in seconds, `mean` and `scale` in the property's unit; `hidden` has a row of
    weights for each unit, its bias last, `out` a weight for each unit, its bias last. `misses` are
    the errors, in the property's unit and sorted, on values that were not learnt from.
    """

    device: str
    property: str
    instance: str = ""
    interval: float
    mean: float
    scale: float
    hidden: list[list[float]]
    out: list[float]
    misses: list[float]

    def judge(self, values: Sequence[float], at: float) -> Judged:
        """How unusual the last of `PAST + 1` values is; `at` is its time in seconds since 1970.

        The score is the share of known errors that this one exceeds, as in conformal prediction
        (Laxhammar and Falkman 2010): of usual values one in a hundred scores above 0.99.
        """
        *past, value = values
        expected = past[-1] + self.scale * self._step(features(self._standard(past), at))
        exceeded = bisect_left(self.misses, abs(value - expected))
        return Judged(score=exceeded / (len(self.misses) + 1), expected=expected, value=value)

    def _standard(self, values: Sequence[float]) -> list[float]:
        return [(value - self.mean) / self.scale for value in values]

    def _step(self, inputs: Sequence[float]) -> float:
        """The change forecast for the next value, in units of `scale`."""
        units = [math.tanh(_weighted(row, inputs)) for row in self.hidden]
        return _weighted(self.out, units)


def features(past: Sequence[float], at: float) -> list[float]:
    """What the network sees: where the value is, how it came there, time of day and of week (UTC).

    `past` are standardized values, the last one an interval before `at`.
    """
    last, day, week = past[-1], math.tau * at / _DAY, math.tau * at / _WEEK
    came = [value - last for value in past[:-1]]
    return [last, *came, math.sin(day), math.cos(day), math.sin(week), math.cos(week)]


def _weighted(weights: Sequence[float], values: Sequence[float]) -> float:
    return sum(map(float.__mul__, weights, values), weights[-1])
