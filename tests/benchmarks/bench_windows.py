"""What windows cost: 500 readings a second of ten devices through the engine, on a virtual clock.

Run as `python -m tests.benchmarks.bench_windows [MINUTES]`.
"""

# ruff: noqa: T201
from __future__ import annotations

import asyncio
import sys
import time

from edge_agent.monitoring.measures import resident_bytes
from schemas.device import Change
from schemas.event import Event
from tests.flows.windows.home import Home

_START = 1_767_225_600.0
_RATE, _BATCH, _DEVICES = 500, 50, 10
_WINDOWS = {
    "tumbling 10 s, avg": "{of: {property: x}, by: [device], size: 10s, "
    "aggregate: {a: avg(value)}}",
    "sliding 1 h by 10 s, avg min max": "{of: {property: x}, by: [device], size: 1h, slide: 10s, "
    "aggregate: {a: avg(value), least: min(value), most: max(value)}}",
    "sliding 1 h by 1 m, median": "{of: {property: x}, by: [device], size: 1h, slide: 1m, "
    "aggregate: {m: median(value)}}",
    "session, count": "{of: {property: x}, by: [device], gap: 1m}",
}


def _reading(number: int) -> tuple[Event, Change]:
    ts, device = _START + number / _RATE, f"d{number % _DEVICES}"
    change = Change(device, device, "x", None, 20.0 + number % 7, None, False, ts)
    return Event(number, ts, ts, "mqtt", device), change


async def _fed(window: str, readings: int) -> float:
    """CPU seconds; the windows that end on the way are among them."""
    home = Home(window, _START)
    began = time.process_time()
    for number in range(readings):
        event, change = _reading(number)
        if number % _BATCH == 0:
            await home.clock.advance(event.ts - home.clock.now())
        home.engine.handle(event, [change])
    return time.process_time() - began


def main(minutes: int) -> None:
    """Print a line for each window."""
    readings = minutes * 60 * _RATE
    for name, window in _WINDOWS.items():
        before = resident_bytes()
        cost = asyncio.run(_fed(window, readings)) / readings
        grown = (resident_bytes() - before) / 1e6
        print(f"{cost * 1e6:6.1f} µs a reading {cost * _RATE:7.2%} of a core", end="")
        print(f"{grown:5.0f} MB  {name}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
