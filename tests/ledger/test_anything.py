"""Whatever arrives is recorded, and nothing that arrives stops the recording."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from schemas.device import Change
from schemas.event import Event
from schemas.identity import unique_id
from schemas.run import Effect, RunRecord, Slot, StepRecord
from tests.ledger.made import ledger_at

_TEXT = some.text(some.characters(), max_size=20)  # lone surrogates and NUL too
_NUMBERS = some.integers() | some.floats() | some.just(10**400)
_VALUES: some.SearchStrategy[Any] = some.recursive(
    some.none() | some.booleans() | _NUMBERS | _TEXT | some.binary(max_size=20),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)
_TIMES = some.floats(0, 4e9) | some.floats(allow_nan=False, allow_infinity=False)
_CHANGES = some.builds(
    Change,
    key=_TEXT, device=_TEXT, property=_TEXT, instance=some.none() | _TEXT, value=_VALUES,
    previous=some.none(), known=some.just(False), ts=_TIMES, unit=some.none() | _TEXT,
)  # fmt: skip
_EVENTS = some.builds(
    Event,
    id=some.integers(0, (1 << 128) - 1), ts=_TIMES, received=some.floats(0, 4e9),
    channel=_TEXT, source=_TEXT, payload=_VALUES, raw=some.binary(max_size=200),
    retain=some.booleans(), qos=some.integers(0, 2), trace_id=_TEXT,
)  # fmt: skip


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    some.lists(
        some.tuples(_EVENTS, some.lists(_CHANGES, max_size=12), _VALUES),
        max_size=12,
        unique_by=lambda each: each[0].id,
    )
)
def test_any_event_reading_and_run_is_recorded(
    made: list[tuple[Event, list[Change], Any]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_record(Path(folder), made))


async def _record(folder: Path, made: list[tuple[Event, list[Change], Any]]) -> None:
    ledger = ledger_at(folder)
    try:
        for number, (event, changes, value) in enumerate(made):
            ledger.message(event, changes)
            ledger.run(_run(event, value))
            ledger.put(Slot(f"o{number}", event.source, value, event.ts))
            ledger.remember(event.source, value, event.received)
        assert await ledger.flush()
        assert ledger.stats.healthy and not ledger.stats.lost
        assert len(await ledger.query("from events")) == len(made)
        assert len(await ledger.query("from readings")) == sum(len(each[1]) for each in made)
        assert len(await ledger.query("from steps")) == len(made)
        assert len(await ledger.query("from effects")) == len(made)
        assert len(await ledger.runs(limit=100)) == len(made)
        assert len(list(ledger.slots())) == len(made)
        list(ledger.latest()), list(ledger.memory())
        entries = await ledger.follow("all").read()
        assert len(entries) == len(made)
    finally:
        await ledger.close()


def _run(event: Event, value: Any) -> RunRecord:
    step = StepRecord("0", "log", "completed", event.received, event.received, "", value)
    effect = Effect("0", "publish", event.source, value, event.received)
    return RunRecord(
        unique_id(), "p", "v", event.id, {"value": value}, "completed", event.received,
        event.received, event.source, [step], [effect], {"x": value},
    )  # fmt: skip
