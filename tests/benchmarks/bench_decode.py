# ruff: noqa: T201 (a script that prints)
"""Prints what decoding and the registry cost: `python -m tests.benchmarks.bench_decode [FOLDER]`.

FOLDER is the corpus; with it the median over its records is printed as well.
"""

import statistics
import sys
import timeit
from collections.abc import Callable
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
        print(f"corpus median  {statistics.median(corpus(folder)):6.2f} µs")


def corpus(folder: Path) -> list[float]:
    """What each record costs once its topic is known, lists that announce devices left out."""
    costs = []
    for record in records(folder):
        profiles, raw = Profiles(load_profiles()[0]), wire(record["payload"])
        topic, payload = record["topic"], parse(raw)
        for message in record.get("setup", ()):
            before = wire(message["payload"])
            profiles.decode(message["topic"], before, parse(before), True)
        said = profiles.decode(topic, raw, payload, False)
        if said is not None and said.channel != "discovery":
            costs.append(micros(lambda p=profiles: p.decode(topic, raw, payload, False), 300))  # type: ignore[misc]  # noqa: B023
    return costs


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
