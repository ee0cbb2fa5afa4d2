"""Rows that wait for a commit, merged with those that came later."""

from edge_agent.ledger.packing import Packer
from edge_agent.ledger.rows import Rows
from tests.ledger.made import change, event, run


def _rows(number: int, packer: Packer | None = None) -> Rows:
    packer, rows = packer or Packer(0, 0, (), ()), Rows()
    for n in range(number):
        packer.event(rows, event(str(n)), [change("x", n), change("y", n)])
        packer.run(rows, run(event(str(n))))
    return rows


def test_an_event_its_readings_and_its_run_are_one_row() -> None:
    assert len(_rows(10).entries) == 10


def test_a_source_is_described_once() -> None:
    packer, rows = Packer(0, 0, (), ()), Rows()
    for n in range(10):
        made = event("same", n, raw=b"1")
        packer.event(rows, made, [change("x", n if n % 2 else n + 0.5)])
        packer.run(rows, run(made))
    counts = {table: len(appended) for table, appended in rows.appended.items()}
    assert counts == {"kinds": 1, "items": 1, "forms": 1, "entries": 10, "gaps": 0}


def test_merged_rows_keep_their_order_and_the_last_state() -> None:
    packer = Packer(0, 0, (), ())
    first, later = _rows(2, packer), _rows(2, packer)
    first.replaced["slots"] = {("a", "k"): ["a", "k", "1", None], ("b", "k"): ["b", "k", "1", None]}
    later.drop_owner("a")
    later.replaced["slots"]["b", "k"] = None
    first.merge(later)
    assert [row[0] - first.entries[0][0] for row in first.entries] == [0, 1, 2, 3]
    assert first.replaced["slots"] == {("b", "k"): None}
    assert first.owners == {"a"}


def test_the_oldest_rows_are_given_up_and_counted() -> None:
    rows = _rows(10)
    assert rows.bound(8, 1 << 30) == {"events": 2, "readings": 4, "runs": 2}
    assert rows.bound(8, 1 << 30) == {}
    assert rows.bound(8, 1) == {"events": 2, "readings": 4, "runs": 2}
    assert len(rows.entries) == 6


def test_rows_that_were_committed_after_all_are_forgotten() -> None:
    rows = _rows(10)
    rows.settle({"entries": rows.entries[3][0], "kinds": 4})
    assert (len(rows.entries), len(rows.appended["kinds"])) == (6, 6)
