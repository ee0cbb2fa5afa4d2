"""Users' SQL reads everything and changes nothing."""

import asyncio
import datetime as dt
from pathlib import Path

import pytest

from edge_agent.ledger import QueryProblem
from tests.ledger.made import NOON, change, event, ledger_at

REFUSED = {
    "insert into memory values ('a', 'b', 1)": "only reading",
    "with x as (insert into memory values ('a', 'b', 1) returning *) select * from x": "read-only",
    "update slots set due = 1": "only reading",
    "delete from entries": "only reading",
    "drop table entries": "only reading",
    "copy entries to '/tmp/out.csv'": "only reading",
    "attach '/tmp/other.duckdb'": "only reading",
    "set threads = 8": "only reading",
    "pragma database_size": "only reading",
    "call pragma_version()": "only reading",
    "install httpfs": "only reading",
    "begin": "only reading",
    "select * from read_csv('/etc/passwd')": "disabled by configuration",
    "select * from read_text('/etc/passwd')": "disabled by configuration",
    "from '/etc/passwd'": "passwd",
    "select 1; select 2": "one statement",
    "": "no statement is given",
    "selec 1": "syntax error",
    "select * from nowhere": "nowhere",
    "select $limit": "no value for $limit",
}


@pytest.mark.parametrize("text", REFUSED)
async def test_what_does_not_only_read_is_refused(tmp_path: Path, text: str) -> None:
    ledger = ledger_at(tmp_path)
    with pytest.raises(QueryProblem, match=REFUSED[text].replace("$", r"\$")):
        await ledger.query(text)
    assert await ledger.query("select count(*) n from memory") == [{"n": 0}]
    await ledger.close()


@pytest.mark.parametrize(
    "text",
    [
        "select 1 as n",
        "with x as (select 1 as n) from x",
        "from (values (1)) as t(n)",
        "values (1)",
        "select 1 as n; -- that is all",
        "describe events",
        "explain select 1",
    ],
)
async def test_what_only_reads_is_answered(tmp_path: Path, text: str) -> None:
    ledger = ledger_at(tmp_path)
    assert await ledger.query(text)
    await ledger.close()


async def test_a_query_sees_what_was_recorded_before_it(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path, commit_every="10s")
    ledger.event(event("a"))
    assert len(await ledger.query("from events")) == 1
    await ledger.close()


async def test_now_is_the_agents_clock_and_times_are_in_the_homes_zone(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    (row,) = await ledger.query("select $now as n, hour($now) as hour, [$now] as list")
    assert row["n"].timestamp() == NOON
    assert row["n"].hour == row["hour"] == dt.datetime.fromtimestamp(NOON, dt.UTC).hour + 2
    assert row["list"] == '["2026-09-21 16:13:20+02"]'
    (row,) = await ledger.query("select $now as n", {"now": NOON + 1})
    assert row["n"].timestamp() == NOON + 1
    await ledger.close()


async def test_parameters_are_bound_by_name_and_spare_ones_ignored(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    ledger.message(event("a"), [change("x", 1)])
    found = await ledger.query(
        "select value from readings where device = $device", {"device": "lamp", "spare": 1}
    )
    assert found == [{"value": 1.0}]
    await ledger.close()


async def test_types_are_those_of_python_and_json(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    (row,) = await ledger.query(
        "select uuid() u, 1.5 d, sum(i) s, ['a'] l, {'k': 1} m, null z from range(3) t(i)"
    )
    assert len(row.pop("u")) == 36
    assert row == {"d": 1.5, "s": 3, "l": ["a"], "m": {"k": 1}, "z": None}
    await ledger.close()


async def test_no_more_rows_than_the_limit_are_given(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    rows = await ledger.query("select i from range(100) t(i) order by i desc", limit=3)
    assert [row["i"] for row in rows] == [99, 98, 97]
    await ledger.close()


async def test_a_query_that_takes_too_long_is_broken_off(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    endless = "select sum(a.i * b.i) from range(10000000) a(i), range(10000000) b(i)"
    with pytest.raises(QueryProblem, match=r"longer than 0\.2 s"):
        await ledger.query(endless, seconds=0.2)
    assert await ledger.query("select 1 as n") == [{"n": 1}]
    await ledger.close()


async def test_a_query_that_nobody_waits_for_any_longer_is_broken_off(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    endless = "select sum(a.i * b.i) from range(10000000) a(i), range(10000000) b(i)"
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ledger.query(endless), 0.2)
    assert await ledger.query("select 1 as n", seconds=5) == [{"n": 1}]
    await ledger.close()


async def test_a_query_that_waits_for_another_leaves_it_alone(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    long = "select sum(a.i * b.i) as n from range(20000) a(i), range(10000) b(i)"
    first = asyncio.ensure_future(ledger.query(long))
    await asyncio.sleep(0)  # it takes the cursor
    with pytest.raises(QueryProblem, match="took longer"):
        await ledger.query("select 1", seconds=0.01)
    assert len(await first) == 1
    await ledger.close()


async def test_commits_go_on_while_a_user_asks(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path)
    endless = "select sum(a.i * b.i) from range(10000000) a(i), range(10000000) b(i)"
    with pytest.raises(QueryProblem):
        asked = ledger.query(endless, seconds=0.3)
        ledger.event(event("a"))
        await asked
    ledger.event(event("b"))
    assert await ledger.flush()
    assert len(await ledger.query("from events")) == 2
    await ledger.close()
