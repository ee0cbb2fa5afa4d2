"""Learn a forecaster from a sensor's history; seconds on one core of a Pi."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_agent.anomaly.forecast import PAST, Forecast, features

LEAST = 1000
"""Fewer values teach too little: the errors of a fifth must tell one in two hundred apart."""
_UNITS, _ROUNDS, _BATCH, _RATE, _UNSEEN, _KEPT = 16, 40, 64, 3e-3, 0.2, 999

Array = NDArray[np.float64]


def learn(blank: Forecast, values: Sequence[float], until: float, seed: int = 0) -> Forecast:
    """A forecaster of `values`, one an interval up to `until`, for what `blank` names.

    The last fifth is not learnt from: its errors are the measure of what is unusual.

    Raises:
        ValueError: there are fewer than `LEAST` values.
    """
    if len(values) < LEAST:
        raise ValueError(f"{len(values)} values are too few: at least {LEAST} are needed")
    learnt = len(values) - int(len(values) * _UNSEEN)
    mean, scale = float(np.mean(values[:learnt])), float(np.std(values[:learnt])) or 1.0
    inputs, steps = _examples(blank, values, until, (mean, scale))
    hidden, out = _network(inputs[: learnt - PAST], steps[: learnt - PAST], seed)
    model = msgspec.structs.replace(
        blank, mean=mean, scale=scale, hidden=hidden.tolist(), out=out.tolist(), misses=[]
    )
    return msgspec.structs.replace(model, misses=_misses(model, values, until, learnt))


def blank(device: str, property_: str, instance: str, interval: float) -> Forecast:
    """A forecaster that has learnt nothing yet; `interval` in seconds."""
    return Forecast(
        device=device, property=property_, instance=instance, interval=interval,
        mean=0.0, scale=1.0, hidden=[], out=[], misses=[],
    )  # fmt: skip


def _examples(
    model: Forecast, values: Sequence[float], until: float, measure: tuple[float, float]
) -> tuple[Array, Array]:
    """What the network sees before each value, and the change it should forecast."""
    mean, scale = measure
    scaled = [(value - mean) / scale for value in values]
    places = range(PAST, len(values))
    seen = [features(scaled[i - PAST : i], _time(model, len(values), i, until)) for i in places]
    return np.array(seen), np.array([scaled[i] - scaled[i - 1] for i in places])


def _misses(model: Forecast, values: Sequence[float], until: float, learnt: int) -> list[float]:
    """The errors on what was not learnt from, sorted; at most `_KEPT` evenly chosen ones."""
    found = []
    for i in range(learnt, len(values)):
        judged = model.judge(values[i - PAST : i + 1], _time(model, len(values), i, until))
        found.append(abs(judged.value - judged.expected))
    shares = np.linspace(0, 1, min(_KEPT, len(found)))
    return [float(value) for value in np.quantile(found, shares)]


def _time(model: Forecast, count: int, place: int, until: float) -> float:
    return until - (count - 1 - place) * model.interval


def _network(inputs: Array, steps: Array, seed: int) -> tuple[Array, Array]:
    """Weights of one hidden layer, by Adam on Huber's loss: an outlier pulls no harder than one
    standard deviation would."""
    rng = np.random.default_rng(seed)
    wide = np.hstack([inputs, np.ones((len(inputs), 1))])
    hidden = rng.normal(0, wide.shape[1] ** -0.5, (_UNITS, wide.shape[1]))
    adam = _Adam([hidden, out := np.zeros(_UNITS + 1)])
    for rows in _batches(len(wide), rng):
        units = np.tanh(wide[rows] @ hidden.T)
        full = np.hstack([units, np.ones((len(rows), 1))])
        error = np.clip(full @ out - steps[rows], -1.0, 1.0) / len(rows)
        back = np.outer(error, out[:-1]) * (1 - units**2)
        adam.step([back.T @ wide[rows], full.T @ error])
    return hidden, out


def _batches(count: int, rng: np.random.Generator) -> Iterator[NDArray[Any]]:
    for _ in range(_ROUNDS):
        order = rng.permutation(count)
        yield from np.array_split(order, max(1, count // _BATCH))


class _Adam:
    """Adam (Kingma and Ba 2015) on arrays in place."""

    def __init__(self, weights: list[Array]) -> None:
        self._weights = weights
        self._first = [np.zeros_like(each) for each in weights]
        self._second = [np.zeros_like(each) for each in weights]
        self._steps = 0

    def step(self, gradients: list[Array]) -> None:
        """Follow the gradients a little."""
        self._steps += 1
        rate = _RATE * (1 - 0.999**self._steps) ** 0.5 / (1 - 0.9**self._steps)
        for weight, first, second, gradient in zip(
            self._weights, self._first, self._second, gradients, strict=True
        ):
            first += 0.1 * (gradient - first)
            second += 0.001 * (gradient**2 - second)
            weight -= rate * first / (np.sqrt(second) + 1e-8)
