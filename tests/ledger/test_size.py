"""What the ledger takes on disk."""

from pathlib import Path

from tests.ledger.made import ledger_at, rig_events

EVENTS, A_COMMIT = 60_000, 500


async def test_the_rigs_event_takes_at_most_160_bytes(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    made = rig_events(EVENTS)
    for first in range(0, EVENTS, A_COMMIT):
        for happened, changes, record in made[first : first + A_COMMIT]:
            ledger.message(happened, changes)
            ledger.run(record)
        await ledger.flush()
    await ledger.close()
    assert (tmp_path / "ledger.duckdb").stat().st_size / EVENTS <= 160
