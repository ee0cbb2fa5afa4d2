# ruff: noqa: T201 (a script that prints)
"""Prints what understanding costs: `python -m tests.benchmarks.bench_intent`.

The sentences are those written by hand. `worker` asks the agent's worker process one sentence
after the other, `at once` 32 of them; `network` and `rules` are called in this process.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from edge_agent.intents import rules
from edge_agent.intents.asking import understanding
from edge_agent.models.drivers.intent import IntentDriver
from edge_agent.models.start import place_of
from schemas.settings import Settings
from tests.intents.scoring import sentences

COUNT, AT_ONCE = 3_000, 32


def main() -> None:
    """Print the costs."""
    place = place_of(Path("nowhere"), Settings(), "intent")
    texts = [each.text for each in sentences("*.jsonl")]
    begun = time.perf_counter()
    network = understanding(place)
    network(texts[0], "")
    print(f"processor  {place.machine.cpu}")
    print(f"network    loaded in {time.perf_counter() - begun:.3f} s")
    tell("network", [timed(partial(network, each, "")) for each in said(texts)])
    tell("rules", [timed(partial(rules.understand, each)) for each in said(texts)])
    asyncio.run(through_the_worker(IntentDriver(place), texts))


def said(texts: list[str]) -> list[str]:
    """As many sentences as are measured."""
    return list(islice(cycle(texts), COUNT))


def timed(call: Callable[[], object]) -> float:
    """How long a call takes, in seconds."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


async def through_the_worker(driver: IntentDriver, texts: list[str]) -> None:
    """Print what the agent's worker process gives, and takes."""
    begun = time.perf_counter()
    await driver.load()
    await driver.classify(texts[0])
    print(f"worker     loaded in {time.perf_counter() - begun:.3f} s")
    tell("worker", [await waited(driver.classify(each)) for each in said(texts)])
    asked, begun = iter(said(texts)), time.perf_counter()

    async def ask() -> None:
        for each in asked:
            await driver.classify(each)

    await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
    print(f"at once    {COUNT / (time.perf_counter() - begun):7.0f} queries/s")
    print(f"memory     {(await driver.metrics()).resident_bytes / 1e6:.1f} MB of the worker")
    await driver.close()


async def waited(answer: Awaitable[object]) -> float:
    """How long an answer takes, in seconds."""
    begun = time.perf_counter()
    await answer
    return time.perf_counter() - begun


def tell(name: str, seconds: list[float]) -> None:
    """Print one row."""
    ranked = sorted(seconds)
    p50, p99 = statistics.median(ranked) * 1e3, ranked[len(ranked) * 99 // 100] * 1e3
    rate = len(seconds) / sum(seconds)
    print(f"{name:9}  p50 {p50:.3f} ms  p99 {p99:.3f} ms  {rate:7.0f} queries/s")


if __name__ == "__main__":
    main()
