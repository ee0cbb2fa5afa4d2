"""The ledger and its stand-in of rehearsals keep the same promises to the engine."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge_agent.ledger import Ledger
from flows.ports import Recorder
from flows.rehearsal_ports import MemoryRecorder
from schemas.identity import text_id
from schemas.run import RunRecord, Slot
from tests.ledger.made import NOON, event, ledger_at, run

Opened = tuple[Recorder, Callable[[], Awaitable[object]]]
Told = tuple[Sequence[str], Sequence[RunRecord]]


@asynccontextmanager
async def _opened(kind: str, folder: Path) -> AsyncIterator[Opened]:
    if kind == "memory":

        async def at_once() -> None: ...

        yield MemoryRecorder(), at_once
        return
    ledger = ledger_at(folder)
    yield ledger, ledger.flush
    await ledger.close()


async def _told(recorder: Recorder) -> Told:
    """The events' ids and the runs that it holds."""
    if isinstance(recorder, MemoryRecorder):
        return [text_id(event.id) for event in recorder.events], list(recorder.runs.values())
    assert isinstance(recorder, Ledger)
    rows = await recorder.query("select id from events")
    return [str(row["id"]) for row in rows], await recorder.runs()


recorders = pytest.mark.parametrize("kind", ["ledger", "memory"])


@recorders
async def test_a_slot_is_kept_as_it_was_put_last(tmp_path: Path, kind: str) -> None:
    async with _opened(kind, tmp_path) as (recorder, settled):
        recorder.put(Slot("p/0", "a", 1, NOON))
        recorder.put(Slot("p/0", "b", [1, {"x": None}]))
        await settled()
        recorder.put(Slot("p/0", "a", 2, NOON + 1))
        await settled()
        kept = sorted(recorder.slots(), key=lambda slot: slot.key)
        assert kept == [Slot("p/0", "a", 2, NOON + 1), Slot("p/0", "b", [1, {"x": None}])]


@recorders
async def test_one_slot_or_all_of_an_owner_are_dropped(tmp_path: Path, kind: str) -> None:
    async with _opened(kind, tmp_path) as (recorder, settled):
        for owner in ("p", "p/0", "q"):
            recorder.put(Slot(owner, "a", 1))
            recorder.put(Slot(owner, "b", 1))
        await settled()
        recorder.drop("p", "a")
        recorder.drop("p/0")
        recorder.drop("nobody")
        await settled()
        kept = {(slot.owner, slot.key) for slot in recorder.slots()}
        assert kept == {("p", "b"), ("q", "a"), ("q", "b")}


@recorders
async def test_what_is_put_after_a_drop_stays(tmp_path: Path, kind: str) -> None:
    async with _opened(kind, tmp_path) as (recorder, settled):
        recorder.put(Slot("p", "a", 1))
        await settled()
        recorder.drop("p")
        recorder.put(Slot("p", "b", 2))
        recorder.drop("p", "b")
        recorder.put(Slot("p", "b", 3))
        await settled()
        assert list(recorder.slots()) == [Slot("p", "b", 3)]


@recorders
async def test_an_event_is_kept_and_of_a_run_its_last_record(tmp_path: Path, kind: str) -> None:
    async with _opened(kind, tmp_path) as (recorder, settled):
        happened = event("a", channel="internal")
        recorder.event(happened)
        recorder.run(run(happened, state="waiting"))
        await settled()
        recorder.run(run(happened))
        await settled()
        events, runs = await _told(recorder)
        assert events == [text_id(happened.id)]
        assert [(each.id, each.state) for each in runs] == [(run(happened).id, "completed")]
