# ruff: noqa: T201 (a script that prints)
"""Prints what decoding and the registry cost: `python -m tests.benchmarks.bench_decode [FOLDER]`.

FOLDER is the corpus; with it the costs of its records are printed by firmware as well.
"""

import statistics
import sys
import timeit
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from itertools import chain
from pathlib import Path

from edge_agent.devices.lines import wire
from edge_agent.devices.profiles import load_profiles
from edge_agent.devices.registry import Registry
from firmware_profiles.payloads import parse
from firmware_profiles.profiles import Profiles
from schemas.event import Event
from tests.firmware.corpus import records

RAW = b'{"temperature":26.4,"humidity":44.1,"battery":57,"linkquality":120,"seq":123}'
TOPIC = "zigbee2mqtt/s1"


def micros(call: Callable[[], object], number: int = 50_000) -> float:
    """The best of three, in microseconds a call."""
    return min(timeit.repeat(call, number=number, repeat=3)) / number * 1e6


def main(folder: Path | None) -> None:
    """Print the costs."""
    profiles = Profiles(load_profiles()[0])
    registry = Registry({}, encode=profiles.encode, send=lambda publication, run: None)
    payload = parse(RAW)
    said = profiles.decode(TOPIC, RAW, payload, False)
    assert said is not None
    event = Event(1, 1.0, 1.0, "mqtt", TOPIC, payload, RAW)
    print(f"parse          {micros(lambda: parse(RAW)):6.2f} µs")
    print(f"decode 5       {micros(lambda: profiles.decode(TOPIC, RAW, payload, False)):6.2f} µs")
    print(f"registry 5     {micros(lambda: registry.apply(said, event)):6.2f} µs")
    if folder is not None:
        tell(corpus(folder))


def tell(costs: dict[str, list[float]]) -> None:
    """Print a row for each firmware, and one for all."""
    print(f"\n{'µs a message':17}{'records':>8}{'median':>8}{'p90':>8}{'worst':>8}")
    for name, found in [*sorted(costs.items()), ("all", [*chain(*costs.values())])]:
        ranked = sorted(found)
        p90 = ranked[len(ranked) * 9 // 10]
        middle = statistics.median(ranked)
        print(f"{name:17}{len(ranked):8}{middle:8.2f}{p90:8.2f}{ranked[-1]:8.2f}")


def corpus(folder: Path) -> dict[str, list[float]]:
    """What each record costs once its topic is known, parsing too, by firmware."""
    costs: dict[str, list[float]] = defaultdict(list)
    known = load_profiles()[0]
    for record in records(folder):
        profiles, raw, topic = Profiles(known), wire(record["payload"]), record["topic"]
        for message in record.get("setup") or ():
            before = wire(message["payload"])
            profiles.decode(message["topic"], before, parse(before), True)
        profiles.decode(topic, raw, parse(raw), False)
        costs[record["firmware"]].append(micros(partial(whole, profiles, topic, raw), 200))
    return costs


def whole(profiles: Profiles, topic: str, raw: bytes) -> None:
    """From the bytes to the readings."""
    profiles.decode(topic, raw, parse(raw), False)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
