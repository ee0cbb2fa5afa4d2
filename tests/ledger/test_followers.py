"""Followers read everything in order, from where they were, however long they were away."""

from pathlib import Path

import msgspec

from edge_agent.ledger.records import Entry
from schemas.kept_run import RunHead
from tests.ledger.made import NOON, change, event, ledger_at, rig_events, run


async def test_a_follower_reads_everything_once_in_order(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    follower = ledger.follow("mirror")
    made = rig_events(250)
    for happened, changes, record in made:
        ledger.message(happened, changes)
        ledger.run(record)
    await ledger.flush()
    assert await follower.behind() == 250
    seen: list[Entry] = []
    while entries := await follower.read(100):
        seen += entries
        follower.ack(entries[-1].seq)
    assert [entry.event.id for entry in seen if entry.event] == [each[0].id for each in made]
    assert [entry.run.id for entry in seen if entry.run] == [each[2].id for each in made]
    first = {each.property: each.value for each in seen[0].readings}
    assert first == made[0][0].payload
    assert await follower.behind() == 0
    await ledger.close()


async def test_what_was_not_acknowledged_is_read_again_after_a_restart(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    follower = ledger.follow("mirror")
    for n in range(4):
        ledger.event(event(str(n)))
    await ledger.flush()
    entries = await follower.read()
    follower.ack(entries[1].seq)
    await ledger.close()
    ledger = ledger_at(tmp_path)
    entries = await ledger.follow("mirror").read()
    assert [entry.event.source for entry in entries if entry.event] == ["t/2", "t/3"]
    other = await ledger.follow("other").read()
    assert len(other) == 4, "each follower has a cursor of its own"
    await ledger.close()


async def test_a_run_is_seen_waiting_and_again_when_it_has_ended(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    follower = ledger.follow("mirror")
    happened = event("a")
    ledger.event(happened)
    ledger.run(run(happened, state="waiting"))
    await ledger.flush()
    entries = await follower.read()
    follower.ack(entries[-1].seq)
    ledger.run(run(happened))
    await ledger.flush()
    later = await follower.read()
    assert [entry.run.state for entry in (*entries, *later) if entry.run] == [
        "waiting",
        "completed",
    ]
    await ledger.close()


async def test_a_follower_that_leaves_begins_anew(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    follower = ledger.follow("mirror", hold=True)
    ledger.message(event("a", NOON), [change("x", 1)])
    await ledger.flush()
    follower.ack((await follower.read())[-1].seq)
    follower.leave()
    await ledger.flush()
    assert len(await ledger.follow("mirror").read()) == 1
    await ledger.close()


async def test_wanted_runs_alone_are_read_from_place_to_place(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    follower = ledger.follow("mirror")
    for n in range(6):
        happened = event(str(n))
        ledger.event(happened)
        if n % 2:
            ledger.run(run(happened))
    await ledger.flush()
    asked: list[RunHead] = []

    def wants(head: RunHead) -> bool:
        asked.append(head)
        return head.id != run(event("3")).id

    seen, place, before = [], 0, -1
    while place > before:
        before = place
        runs, place = await follower.runs(2, after=place, wants=wants)
        seen += [kept.record() for kept in runs]
    assert seen == [run(event(str(n))) for n in (1, 5)]
    assert [head.id for head in asked] == [run(event(str(n))).id for n in (1, 3, 5)]
    assert msgspec.json.decode(asked[0].trigger) == run(event("1")).trigger
    follower.ack(place)
    assert await follower.behind() == 0
    await ledger.close()
