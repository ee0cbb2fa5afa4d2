"""Records for the ledger's tests: the rig's event, its readings and its run, and small ones."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from edge_agent.ledger import Ledger
from schemas.device import Change
from schemas.event import Event
from schemas.identity import pipeline_mask, run_id, stable_id
from schemas.run import RunRecord
from schemas.settings import LedgerSettings, RetentionSettings
from tests.benchmarks.bench_ledger import Recorded, recorded

NOON = 1_790_000_000.0


def settings(**fields: Any) -> LedgerSettings:
    """Settings whose commits come quickly and whose rows never expire, but for what is given."""
    keep = RetentionSettings(events="36500d", readings="36500d", runs="36500d")
    given: dict[str, Any] = {"commit_every": "5ms", "retention": keep}
    return LedgerSettings(**(given | fields))


def ledger_at(folder: Path, **fields: Any) -> Ledger:
    """Open the ledger of a folder."""
    return Ledger.open(
        folder / "ledger.duckdb", settings(**fields), time_zone="Europe/Berlin", clock=lambda: NOON
    )


def rig_events(number: int, *, first: int = 0) -> list[Recorded]:
    """The rig's events from the `first` one, 10 ms apart."""
    rng = random.Random(first)
    return [recorded(n, NOON + n / 100, rng) for n in range(first, first + number)]


def event(name: str, at: float = NOON, **fields: Any) -> Event:
    """An event of topic `t/NAME`."""
    given: dict[str, Any] = {"raw": name.encode(), "channel": "mqtt", "received": at} | fields
    return Event(id=stable_id(name), ts=at, source=f"t/{name}", **given)


def change(property: str, value: Any, at: float = NOON, **fields: Any) -> Change:
    """A reading of the device `lamp`."""
    given: dict[str, Any] = {"key": "fw:1", "device": "lamp", "instance": None} | fields
    return Change(property=property, value=value, previous=None, known=False, ts=at, **given)


def run(of: Event, pipeline: str = "p", state: str = "completed", **fields: Any) -> RunRecord:
    """A run that the event started."""
    ended = state not in ("waiting", "queued", "running")
    given: dict[str, Any] = {
        "id": run_id(of.id, pipeline_mask(pipeline)),
        "trigger": {"id": "t"},
        "started": of.ts,
        "finished": of.ts + 1 if ended else None,
    }
    return RunRecord(pipeline=pipeline, version="v", event=of.id, state=state, **(given | fields))
