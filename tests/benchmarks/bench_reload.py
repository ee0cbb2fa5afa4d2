"""What a reload costs: how long it takes, and how long it holds up 500 events a second.

Run as `python -m tests.benchmarks.bench_reload [PIPELINES]`.
"""

# ruff: noqa: T201
from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import uvloop

from edge_agent.clock import SystemClock
from edge_agent.footprint import give_back
from edge_agent.reloading.watching import scan
from flows.engine import Engine
from schemas.event import Event
from schemas.identity import unique_id
from tests.reloading.conftest import Site, listed

_RATE = 500
_PIPELINE = """id: p{number}
description: {text}
triggers:
  - mqtt: {{topic: zigbee2mqtt/sensor_{number}}}
    if: "{{{{ trigger.payload.temperature > {number} }}}}"
  - reading: {{device: sensor_{number}, property: humidity, above: 60, for: 5m}}
steps:
  - publish:
      topic: fan/{number}
      payload: {{t: "{{{{ trigger.payload.temperature + {number} }}}}"}}
  - log: "fan {number} {{{{ trigger.topic }}}}"
"""


class LiveSite(Site):
    """A home whose engine follows the system's clock."""

    def _engine(self) -> Engine:
        self.clock = SystemClock()  # type: ignore[assignment]
        return super()._engine()


class Stream:
    """Events at a steady rate; `longest` is by how much one was late (seconds)."""

    def __init__(self, engine: Engine, pipelines: int) -> None:
        self.longest = 0.0
        self._engine = engine
        self._pipelines = pipelines

    async def flow(self) -> None:
        """Hand in events until cancelled, each at its time."""
        loop = asyncio.get_running_loop()
        begin = loop.time()
        number = 0
        while True:
            due = begin + number / _RATE
            await asyncio.sleep(max(0.0, due - loop.time()))
            self.longest = max(self.longest, loop.time() - due)
            topic = f"zigbee2mqtt/sensor_{number % self._pipelines}"
            now = time.time()
            event = Event(unique_id(), now, now, "mqtt", topic, {"temperature": 1e9})
            self._engine.handle(event)
            number += 1


def _text(number: int, text: str) -> str:
    return _PIPELINE.format(number=number, text=text)


async def _measure(site: Site, pipelines: int, what: str, change: Callable[[], None]) -> None:
    stream = Stream(site.engine, pipelines)
    flowing = asyncio.create_task(stream.flow())
    await asyncio.sleep(1.0)
    quiet = stream.longest
    change()
    give_back()  # as an agent does once it is up
    await asyncio.sleep(0.5)
    stream.longest = 0.0
    answer = await site.reload()
    await asyncio.sleep(0.5)
    flowing.cancel()
    print(
        f"{what:34} {len(answer.changed):5} changed in {answer.seconds:6.3f} s, an event at most "
        f"{stream.longest * 1e3:6.1f} ms late ({quiet * 1e3:.1f} ms without a reload)"
    )


async def _main(pipelines: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = LiveSite(Path(folder))
        for number in range(pipelines):
            site.write(f"pipelines/p{number}.yaml", _text(number, "one"))
        begun = time.perf_counter()
        site.start()
        print(f"{pipelines} pipelines started in {time.perf_counter() - begun:.2f} s")
        begun = time.perf_counter()
        scan(site.home)
        print(f"their files looked at in {(time.perf_counter() - begun) * 1e3:.1f} ms")

        def one() -> None:
            site.write("pipelines/p0.yaml", _text(0, "two"))

        def every() -> None:
            for number in range(pipelines):
                site.write(f"pipelines/p{number}.yaml", _text(number, "three"))

        await _measure(site, pipelines, "one file of many", one)
        await _measure(site, pipelines, "every file", every)
    with tempfile.TemporaryDirectory() as folder:
        site = LiveSite(Path(folder))
        texts = [_text(number, "one") for number in range(pipelines)]
        site.write("pipelines/all.yaml", listed(*texts))
        site.start()

        def one_of_all() -> None:
            site.write("pipelines/all.yaml", listed(_text(0, "two"), *texts[1:]))

        await _measure(site, pipelines, "one pipeline in a file of all", one_of_all)


if __name__ == "__main__":
    uvloop.run(_main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
