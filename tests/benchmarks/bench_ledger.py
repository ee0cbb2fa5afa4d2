"""What the ledger costs: CPU per 1,000 events, bytes an event, memory, start and query times.

Run as `python -m tests.benchmarks.bench_ledger [EVENTS] [EVENTS A COMMIT …]`.
"""

# ruff: noqa: T201
from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from edge_agent.ledger import Ledger
from schemas.device import Change
from schemas.event import Event
from schemas.identity import pipeline_mask, run_id, stable_id
from schemas.run import Effect, RunRecord, StepRecord
from schemas.settings import LedgerSettings

_UNITS = {"temperature": "°C", "humidity": "%", "battery": "%", "linkquality": None, "seq": None}
_MASK = pipeline_mask("rule_0")
_QUERIES = {
    "one device, last minute": "select min(value) lo, max(value) hi from readings where device = "
    "'sensor_7' and property = 'temperature' and ts > $end - interval 1 minute",
    "count of readings": "select count(*) from readings",
    "ten last runs": "select * from runs order by started desc limit 10",
    "ten last effects": "select * from effects order by ts desc limit 10",
}

Recorded = tuple[Event, list[Change], RunRecord]


def recorded(number: int, now: float, rng: random.Random) -> Recorded:
    """The rig's event: five readings, a run of one step and its effect."""
    sensor = number % 10
    temperature, seq = round(rng.uniform(15, 30), 1), 123_450_000_000 + number
    values = {
        "temperature": temperature,
        "humidity": round(rng.uniform(30, 60), 1),
        "battery": 57,
        "linkquality": rng.randrange(80, 200),
        "seq": seq,
    }
    text = ",".join(f'"{name}":{value}' for name, value in values.items())
    topic = f"zigbee2mqtt/sensor_{sensor}"
    event = Event(
        stable_id(str(number), topic), now, now, "mqtt", topic, values, f"{{{text}}}".encode()
    )
    key, device = f"zigbee2mqtt:sensor_{sensor}", f"sensor_{sensor}"
    changes = [
        Change(key, device, name, None, value, None, False, now, _UNITS[name])
        for name, value in values.items()
    ]
    payload = {"seq": seq, "f": round(temperature * 1.8 + 32, 2)}
    act = f"act/sensor_{sensor}"
    begin = now + rng.uniform(3e-5, 9e-5)
    run = RunRecord(
        run_id(event.id, _MASK),
        "rule_0",
        "d34db33fd34db33f",
        event.id,
        {"id": "0", "topic": topic, "ts": now, "retain": False},
        "completed",
        begin,
        begin + 4e-5,
        steps=[StepRecord("0", "publish", "completed", begin + 1e-5, begin + 3e-5)],
        effects=[Effect("0", "publish", act, payload, begin + 2e-5)],
    )
    return event, changes, run


async def feed(ledger: Ledger, batch: list[Recorded], a_commit: int) -> float:
    """Record a batch in commits of about `a_commit` events; CPU seconds of the whole process."""
    began = time.process_time()
    for first in range(0, len(batch), a_commit):
        for event, changes, run in batch[first : first + a_commit]:
            ledger.message(event, changes)
            ledger.run(run)
        await ledger.flush()
    return time.process_time() - began


def resident_mb() -> float:
    """Memory of this process in use now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


async def measure(path: Path, events: int, a_commit: int) -> None:
    """Record, close, open again and ask."""
    rng = random.Random(1)
    ledger = Ledger.open(path, LedgerSettings())
    longest: list[float] = []
    ledger.on_commit(longest.append)
    cpu, now, chunk = 0.0, time.time() - 3_600.0, 1_000
    for first in range(0, events, chunk):
        batch = []
        for number in range(first, min(first + chunk, events)):
            now += rng.uniform(0, 0.004)
            batch.append(recorded(number, now, rng))
        cpu += await feed(ledger, batch, a_commit)
    resident = resident_mb()
    await ledger.close()
    began = time.perf_counter()
    ledger = Ledger.open(path, LedgerSettings())
    size = ledger.stats.size_bytes
    opened = time.perf_counter() - began
    print(
        f"{events} events in commits of {a_commit}: {cpu / events * 1e6:.1f} ms CPU per 1,000, "
        f"{size / events:.0f} bytes an event, longest commit {max(longest) * 1e3:.0f} ms, "
        f"{resident:.0f} MB resident, opened in {opened * 1e3:.0f} ms"
    )
    began = time.perf_counter()
    known = len(ledger.latest())
    print(f"  {known} latest values: {(time.perf_counter() - began) * 1e3:.1f} ms")
    for name, text in _QUERIES.items():
        began = time.perf_counter()
        await ledger.query(text.replace("$end", f"make_timestamptz({int(now * 1e6)})"))
        print(f"  {name}: {(time.perf_counter() - began) * 1e3:.1f} ms")
    await ledger.close()


def main() -> None:
    """Read the sizes from the command line."""
    numbers = [int(text) for text in sys.argv[1:]] or [200_000]
    for a_commit in numbers[1:] or [25, 500]:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(measure(Path(folder) / "ledger.duckdb", numbers[0], a_commit))


if __name__ == "__main__":
    main()
