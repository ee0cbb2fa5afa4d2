"""Averages over a recorded home equal DuckDB's own answer, also through disorder and kills."""

import asyncio
import csv
import math
import os
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.flows.windows.home import Home, Reading

SOAK = bool(os.environ.get("SOAK"))
MEASUREMENTS = Path(__file__).parents[4] / "shared/corpus/replay/opensmarthome/Measurements"
SERIES = 37
DAYS = 10_000 if SOAK else 4
BEGIN = 1_489_017_000.0
MINUTE, HOUR = 60.0, 3600.0
WINDOW = """
      of: {{property: x}}
      by: [device]
      lateness: {lateness}
      aggregate: {{avg: avg(value), least: min(value), most: max(value), spread: stddev_pop(value)}}
      size: {size}
"""
TUMBLING = "1h"
SLIDING = "3h\n      slide: 20m"
QUERY = """
select
    device, last - $size as start,
    avg(value), min(value), max(value), stddev_pop(value), count(*)
from (
    select *, unnest(range(1, ($size / $slide)::bigint + 1)) as step from r
), lateral (select (floor(ts / $slide) + step) * $slide as last)
group by all
"""

Answers = dict[tuple[str, float], tuple[float, ...]]


@pytest.fixture(scope="module")
def readings() -> Sequence[Reading]:
    """The readings of all series in the order of their times."""
    if not MEASUREMENTS.is_dir():
        pytest.skip("the corpus is not beside the checkout")
    paths = sorted(MEASUREMENTS.glob("*.csv"))
    assert len(paths) == SERIES
    return sorted(reading for path in paths for reading in _series(path))


def _series(path: Path) -> Iterable[Reading]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    found = [(float(ts), path.stem, float(value)) for ts, value in rows]
    return [reading for reading in found if BEGIN <= reading[0] < BEGIN + DAYS * 86_400]


def duckdbs(readings: Sequence[Reading], size: float, slide: float) -> Answers:
    """What DuckDB answers for windows of this size that begin so far apart."""
    with duckdb.connect() as duck:
        duck.execute("create table r (ts double, device varchar, value double)")
        appender = duck.appender("r")
        appender.append_rows([(ts, device, value) for ts, device, value in readings])
        appender.flush()
        rows = duck.execute(QUERY, {"size": size, "slide": slide}).fetchall()
    return {(device, start): tuple(values) for device, start, *values in rows}


def ours(told: Iterable[dict[str, Any]]) -> Answers:
    """The same of what the windows told; every window only once."""
    found: Answers = {}
    for each in told:
        place = (each["device"], each["start"])
        assert place not in found, f"{place} came twice"
        found[place] = tuple(each[k] for k in ("avg", "least", "most", "spread", "count"))
    return found


def assert_equal(found: Answers, wanted: Answers) -> None:
    assert found.keys() == wanted.keys()
    for place, values in wanted.items():
        near = [
            math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
            for a, b in zip(found[place], values, strict=True)
        ]
        assert all(near), (place, found[place], values)


def orderly(readings: Sequence[Reading]) -> list[tuple[float, Reading]]:
    """Every reading arrives at its own time."""
    return [(reading[0], reading) for reading in readings]


def shuffled(readings: Sequence[Reading], delay: float) -> list[tuple[float, Reading]]:
    """Every reading arrives a little later than its time, up to `delay`."""
    dice = random.Random(2026)
    return sorted((reading[0] + dice.uniform(0, delay), reading) for reading in readings)


async def played(home: Home, arrivals: Sequence[tuple[float, Reading]], stops: float) -> None:
    """Let the readings arrive; commit now and then, stop and kill at random."""
    dice = random.Random(2027)
    for arrival, reading in arrivals:
        await home.take(reading, arrival)
        if stops and dice.random() < 0.05:
            home.commit()
        if dice.random() < stops:
            await home.kill(away=dice.uniform(0, 2))
        elif dice.random() < stops:
            home.restart()


@pytest.mark.parametrize(
    ("window", "size", "slide"),
    [(TUMBLING, HOUR, HOUR), (SLIDING, 3 * HOUR, 20 * MINUTE)],
    ids=["tumbling", "sliding"],
)
@pytest.mark.parametrize("stops", [0.0, 0.005], ids=["undisturbed", "killed"])
@pytest.mark.parametrize("delay", [0.0, 15 * MINUTE], ids=["in order", "shuffled"])
def test_windows_over_a_recorded_home_equal_duckdbs_answer(
    readings: Sequence[Reading], window: str, size: float, slide: float, stops: float, delay: float
) -> None:
    text = WINDOW.format(size=window, lateness=f"{delay + 5:g}s" if delay or stops else "0s")
    arrivals = shuffled(readings, delay) if delay else orderly(readings)

    async def play() -> list[dict[str, Any]]:
        home = Home(text, arrivals[0][0] - 1)
        await played(home, arrivals, stops)
        return await home.finish()

    assert_equal(ours(asyncio.run(play())), duckdbs(readings, size, slide))
