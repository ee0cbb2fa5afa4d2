"""How models do, each by itself: counted where they are asked, whatever their drivers are."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import ceil
from typing import NamedTuple

from msgspec import Struct

from edge_agent.models.driver import ModelBusy, ModelRefused
from edge_agent.models.line import Line
from edge_agent.models.residents import Loaded
from edge_agent.monitoring.metrics import Counter, Counters, Histogram, Labels, Metrics
from schemas.model import Usage

RECENT_SECONDS = 60.0
_KEPT = 1024
_BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
           1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)  # fmt: skip
_RESULTS: tuple[tuple[type[BaseException], str], ...] = (
    (ModelBusy, "busy"),
    (ModelRefused, "refused"),
    (GeneratorExit, "aborted"),
    (asyncio.CancelledError, "aborted"),
)


class Recent(Struct, frozen=True):
    """The last minute: requests a second, seconds an answer took (half, nineteen of twenty and 99
    of a hundred took no longer), tokens a second of answering."""

    queries_per_second: float = 0.0
    p50_seconds: float = 0.0
    p95_seconds: float = 0.0
    p99_seconds: float = 0.0
    tokens_per_second: float = 0.0


class _Answer(NamedTuple):
    ended: float
    seconds: float
    tokens: int


class Measured:
    """One request under way."""

    def __init__(self, tokens: Callable[[str], Counter]) -> None:
        self._tokens = tokens
        self.made = 0

    def used(self, usage: Usage) -> None:
        """Count the tokens of its answer."""
        self.made += usage.completion_tokens
        self._tokens("prompt").inc(usage.prompt_tokens - usage.cached_tokens)
        self._tokens("cached").inc(usage.cached_tokens)
        self._tokens("completion").inc(usage.completion_tokens)


class Gauge:
    """How one model does."""

    def __init__(
        self,
        results: Callable[[str], Counter],
        tokens: Callable[[str], Counter],
        seconds: Histogram,
    ) -> None:
        self._results = results
        self._tokens = tokens
        self._seconds = seconds
        self._answers: deque[_Answer] = deque(maxlen=_KEPT)
        self.requests = self.failures = self.tokens = 0

    @contextmanager
    def request(self) -> Iterator[Measured]:
        """Measure one request: from here to its end, waiting included."""
        begun, result, measured = time.monotonic(), "completed", Measured(self._tokens)
        try:
            yield measured
        except BaseException as error:
            result = next((name for kind, name in _RESULTS if isinstance(error, kind)), "failed")
            raise
        finally:
            self.requests += 1
            self.failures += result == "failed"
            self.tokens += measured.made
            self._results(result).inc()
            if result == "completed":
                self._answered(time.monotonic(), begun, measured.made)

    def _answered(self, now: float, begun: float, tokens: int) -> None:
        self._seconds.observe(now - begun)
        self._answers.append(_Answer(now, now - begun, tokens))

    def recent(self) -> Recent:
        """The last minute, or of the last 1024 answers where there were more."""
        since = time.monotonic() - RECENT_SECONDS
        answers = [each for each in self._answers if each.ended >= since]
        if not answers:
            return Recent()
        took = sorted(each.seconds for each in answers)
        full = len(answers) == _KEPT
        span = answers[-1].ended - answers[0].ended if full else RECENT_SECONDS
        made = [each for each in answers if each.tokens]
        answering = sum(each.seconds for each in made)
        return Recent(
            queries_per_second=len(answers) / max(span, 1e-9),
            p50_seconds=_share(took, 0.5),
            p95_seconds=_share(took, 0.95),
            p99_seconds=_share(took, 0.99),
            tokens_per_second=sum(each.tokens for each in made) / answering if answering else 0.0,
        )


class Gauges:
    """The gauges of all models, and their families in `/metrics`."""

    def __init__(self, metrics: Metrics) -> None:
        self._requests: Counters = metrics.counters(
            "hearthflow_model_requests_total",
            "Requests to models that ended: completed, failed, refused, busy or aborted.",
            "model",
            "result",
        )
        self._tokens = metrics.counters(
            "hearthflow_model_tokens_total",
            "Tokens of models: completion, prompt, and cached ones of prompts, not computed again.",
            "model",
            "kind",
        )
        self._seconds = metrics.histograms(
            "hearthflow_model_request_seconds",
            "From a request to the end of its answer, waiting included.",
            "model",
            bounds=_BOUNDS,
        )
        self._gauges: dict[str, Gauge] = {}

    def of(self, model: str) -> Gauge:
        """The gauge of one model."""
        gauge = self._gauges.get(model)
        if gauge is None:
            gauge = self._gauges[model] = Gauge(
                lambda result: self._requests.labels(model, result),
                lambda kind: self._tokens.labels(model, kind),
                self._seconds.labels(model),
            )
        return gauge


def watch_lines(metrics: Metrics, lines: Mapping[str, Line]) -> None:
    """Add who is answered and who waits, of the models that were asked."""

    def each(read: Callable[[Line], float]) -> Callable[[], dict[Labels, float]]:
        return lambda: {(model,): read(line) for model, line in lines.items()}

    metrics.read(
        "hearthflow_model_running_requests",
        "Requests that a model answers now.",
        each(lambda line: line.running),
        "model",
    )
    metrics.read(
        "hearthflow_model_queue_requests",
        "Requests that wait for their turn at a model.",
        each(lambda line: line.waiting),
        "model",
    )
    metrics.read(
        "hearthflow_model_busy_seconds_total",
        "For how long a model answered at least one request.",
        each(lambda line: line.busy_seconds),
        "model",
        kind="counter",
    )


def watch_memory(metrics: Metrics, loaded: Mapping[str, Loaded]) -> None:
    """Add which models are loaded, and the memory their processes take."""
    metrics.read(
        "hearthflow_model_memory_bytes",
        "Resident memory of a loaded model's process; 0 where it has none of its own.",
        lambda: {(model,): each.resident_bytes for model, each in loaded.items()},
        "model",
    )


def _share(sorted_values: list[float], share: float) -> float:
    """The nearest-rank percentile."""
    return sorted_values[max(0, ceil(share * len(sorted_values)) - 1)]
