"""Metrics: plain numbers counted on one thread each, rendered as Prometheus text when asked.

prometheus_client takes a lock at every increment (290 ns an `inc`, 600 ns an `observe`, measured);
the hot path cannot afford that, so each child here has one writing thread and readers look on.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeVar

CONTENT_TYPE = "text/plain; version=0.0.4"
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
_HELP_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n"})

Labels = tuple[str, ...]
Samples = Iterable[tuple[str, Labels, Labels, float]]
"""Of each sample: the suffix of its name, label names, label values, the number."""


class Family(Protocol):
    """One metric with all its children."""

    name: str
    help: str
    kind: str

    def samples(self) -> Samples:
        """The numbers as they are now."""


F = TypeVar("F", bound=Family)


class Counter:
    """A number that only grows; `inc` costs 35 ns."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def inc(self, by: float = 1) -> None:
        """Count."""
        self.value += by


class Counters:
    """A counter for each combination of label values; keep the child, do not look it up again."""

    kind = "counter"

    def __init__(self, name: str, text: str, labels: Labels = ()) -> None:
        self.name = name
        self.help = text
        self._names = labels
        self._children: dict[Labels, Counter] = {}
        if not labels:
            self.labels()

    def labels(self, *values: str) -> Counter:
        """The child of these label values, in the order of the label names."""
        child = self._children.get(values)
        if child is None:
            if len(values) != len(self._names):
                raise ValueError(f"{self.name} has the labels {self._names}")
            child = self._children[values] = Counter()
        return child

    def samples(self) -> Samples:
        """One number a child."""
        for values, child in tuple(self._children.items()):
            yield "", self._names, values, child.value


class Histogram:
    """How a number of seconds (or of anything else) is distributed; `observe` costs 150 ns."""

    kind = "histogram"

    def __init__(self, name: str, text: str, bounds: tuple[float, ...] = SECONDS) -> None:
        self.name = name
        self.help = text
        self.sum = 0.0
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)

    def observe(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    def samples(self) -> Samples:
        """Cumulative buckets, then sum and count."""
        total = 0
        for bound, count in zip((*self._bounds, float("inf")), tuple(self._counts), strict=True):
            total += count
            yield "_bucket", ("le",), (_number(bound),), total
        yield "_sum", (), (), self.sum
        yield "_count", (), (), total


class Histograms:
    """A histogram for each combination of label values; keep the child, do not look it up again."""

    kind = "histogram"

    def __init__(self, name: str, text: str, labels: Labels, bounds: tuple[float, ...]) -> None:
        self.name = name
        self.help = text
        self._names = labels
        self._bounds = bounds
        self._children: dict[Labels, Histogram] = {}

    def labels(self, *values: str) -> Histogram:
        """The child of these label values, in the order of the label names."""
        child = self._children.get(values)
        if child is None:
            child = self._children[values] = Histogram(self.name, self.help, self._bounds)
        return child

    def samples(self) -> Samples:
        """Those of every child, with its labels before theirs."""
        for labels, child in tuple(self._children.items()):
            for suffix, names, values, number in child.samples():
                yield suffix, self._names + names, labels + values, number


class Read:
    """Numbers that somebody else keeps, asked for at each scrape."""

    def __init__(
        self,
        name: str,
        text: str,
        read: Callable[[], Mapping[Labels, float] | float],
        labels: Labels = (),
        kind: str = "gauge",
    ) -> None:
        self.name = name
        self.help = text
        self.kind = kind
        self._names = labels
        self._read = read

    def samples(self) -> Samples:
        """What `read` answers: one number, or one for each tuple of label values."""
        answer = self._read()
        children = answer if isinstance(answer, Mapping) else {(): answer}
        for values, number in children.items():
            yield "", self._names, values, number


class Metrics:
    """All families of the agent."""

    def __init__(self) -> None:
        self._families: dict[str, Family] = {}

    def counters(self, name: str, text: str, *labels: str) -> Counters:
        """A new family of counters; the name ends in `_total`."""
        return self._add(Counters(name, text, labels))

    def histogram(self, name: str, text: str) -> Histogram:
        """A new histogram of seconds."""
        return self._add(Histogram(name, text))

    def histograms(
        self, name: str, text: str, *labels: str, bounds: tuple[float, ...] = SECONDS
    ) -> Histograms:
        """A new family of histograms of seconds."""
        return self._add(Histograms(name, text, labels, bounds))

    def read(
        self,
        name: str,
        text: str,
        read: Callable[[], Mapping[Labels, float] | float],
        *labels: str,
        kind: str = "gauge",
    ) -> None:
        """A new family whose numbers are asked for at each scrape."""
        self._add(Read(name, text, read, labels, kind))

    def render(self) -> bytes:
        """The Prometheus text format 0.0.4."""
        lines: list[str] = []
        for family in self._families.values():
            lines.append(f"# HELP {family.name} {family.help.translate(_HELP_ESCAPES)}")
            lines.append(f"# TYPE {family.name} {family.kind}")
            lines.extend(_line(family.name, *sample) for sample in family.samples())
        return ("\n".join(lines) + "\n").encode()

    def _add(self, family: F) -> F:
        if family.name in self._families:
            raise ValueError(f"the metric {family.name} is there already")
        self._families[family.name] = family
        return family


def _line(name: str, suffix: str, names: Labels, values: Labels, number: float) -> str:
    pairs = (f'{n}="{v.translate(_ESCAPES)}"' for n, v in zip(names, values, strict=True))
    labels = f"{{{','.join(pairs)}}}" if names else ""
    return f"{name}{suffix}{labels} {_number(number)}"


def _number(value: float) -> str:
    if math.isfinite(value):
        return str(int(value)) if value == int(value) else repr(float(value))
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
