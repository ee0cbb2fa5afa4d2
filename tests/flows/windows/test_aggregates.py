"""Every aggregate gives DuckDB's own answer, in however many parts it is computed."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.windows.aggregates import ALIASES, KINDS
from flows.windows.query import QueryBuilder
from flows.windows.sources import reading_column
from flows.windows.sql import SqlMistake

COLUMNS = ("ts", "value", "text", "device")
SAME_IN_BOTH = [
    "count()",
    "count(value)",
    "count(distinct value)",
    "count(distinct device)",
    "count_if(value > 3)",
    "sum(value)",
    "avg(value)",
    "mean(value)",
    "min(value)",
    "max(value)",
    "min(text)",
    "max(text)",
    "arg_min(text, ts)",
    "arg_max(text, ts)",
    "min_by(value, ts)",
    "max_by(value, ts)",
    "median(value)",
    "quantile_cont(value, 0)",
    "quantile_cont(value, 0.9)",
    "quantile_cont(value, 1)",
    "stddev_samp(value)",
    "stddev_pop(value)",
    "stddev(value)",
    "var_samp(value)",
    "var_pop(value)",
    "variance(value)",
    "bool_or(value > 3)",
    "bool_and(value > 3)",
    "avg(value) filter (where device = 'a')",
    "count() filter (where text is not null and not value <= 2)",
    "count() filter (where value in (1, 2, null) or text not in ('x', 'y'))",
    "sum(value * 2 - 1)",
    "max(value) - min(value)",
    "round(avg(value), 2)",
    "coalesce(avg(value) filter (where device = 'none'), -1)",
    "greatest(min(value), 0, null) + least(3, max(value))",
    "abs(min(value)) + floor(max(value)) + ceil(max(value))",
    "nullif(count(), 3)",
    "count() between 1 and 3 and sum(value) > 0",
    "avg(value) > 3 or not max(value) < 5",
    "-sum(value) % 7",
]
IN_ORDER = {
    "first(value)": "first(value order by ts)",
    "last(value)": "last(value order by ts)",
    "first(text)": "first(text order by ts)",
    "last(device)": "last(device order by ts)",
}
# Where DuckDB says NaN for what has no answer we say null, as SQL and PostgreSQL do.
NOT_A_NUMBER = {"regr_slope(value, ts)": "nullif(regr_slope(value, ts), 'nan'::double)"}
ASKED = {text: text for text in SAME_IN_BOTH} | IN_ORDER | NOT_A_NUMBER
BOTH = list(ASKED.items())

numbers = st.none() | st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
odd = numbers | st.sampled_from([math.nan, math.inf, -math.inf])
texts = st.none() | st.sampled_from(["x", "y", "ä", ""])
devices = st.sampled_from(["a", "b"])


def rows_of(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    """Rows at different times, in any order."""
    row = st.tuples(st.integers(0, 10_000), values, texts, devices)
    return st.lists(row, max_size=30, unique_by=lambda row: row[0])


def answers(rows: Sequence[tuple[Any, ...]], parts: int) -> dict[str, Any]:
    """Ours: the rows are dealt out to so many panes, which are merged."""
    builder = QueryBuilder(reading_column)
    for text in ASKED:
        builder.add(text, text)
    query = builder.query()
    places = [COLUMNS.index(name) for name in builder.columns]
    states = query.start()
    for part in range(parts):
        pane = query.start()
        for row in rows[part::parts]:
            for each, state in zip(query.accumulators, pane, strict=True):
                each.add(state, tuple(row[place] for place in places))
        query.merge(states, query.unpack(query.pack(pane)))
    return query.values(states)


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create table r (ts double, value double, text varchar, device varchar)")
        yield connection


def duckdbs(duck: duckdb.DuckDBPyConnection, rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """DuckDB's answers."""
    duck.execute("delete from r")
    if rows:
        duck.executemany("insert into r values (?, ?, ?, ?)", rows)
    found = duck.execute(f"select {', '.join(ASKED.values())} from r").fetchall()[0]
    return dict(zip(ASKED, found, strict=True))


def alike(ours: Any, theirs: Any, size: float) -> bool:
    """The same to 1e-9 of the size of the numbers that went in."""
    if not isinstance(theirs, int | float) or isinstance(theirs, bool) or ours is None:
        return bool(ours == theirs)
    if math.isnan(theirs) or math.isinf(theirs):
        return ours == theirs or (math.isnan(ours) and math.isnan(theirs))
    return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9 * size)


@settings(max_examples=150, deadline=None)
@given(rows=rows_of(numbers), parts=st.integers(1, 4))
def test_aggregates_answer_as_duckdb_does(
    duck: duckdb.DuckDBPyConnection, rows: list[tuple[Any, ...]], parts: int
) -> None:
    rows = [(ts / 100, *rest) for ts, *rest in rows]  # DuckDB's slope is off at epoch seconds
    ours, theirs = answers(rows, parts), duckdbs(duck, rows)
    largest = max((abs(row[1]) for row in rows if row[1] is not None), default=1.0)
    for text in ASKED:
        size = max(largest, 1.0) ** (2 if "var" in text else 1)
        assert alike(ours[text], theirs[text], size), (text, ours[text], theirs[text])


@settings(max_examples=100, deadline=None)
@given(rows=rows_of(odd), parts=st.integers(1, 3))
def test_what_is_no_finite_number_counts_as_in_duckdb(
    duck: duckdb.DuckDBPyConnection, rows: list[tuple[Any, ...]], parts: int
) -> None:
    ours, theirs = answers(rows, parts), duckdbs(duck, rows)
    for text in ("count(value)", "count(distinct value)", "sum(value)", "avg(value)", "min(value)",
                 "max(value)", "median(value)", "bool_or(value > 3)",
                 "count_if(value > 3)"):  # fmt: skip
        assert alike(ours[text], theirs[text], 1e6), (text, ours[text], theirs[text])


@settings(max_examples=50, deadline=None)
@given(rows=rows_of(numbers), parts=st.integers(1, 3))
def test_the_mode_is_one_of_the_most_frequent(
    duck: duckdb.DuckDBPyConnection, rows: list[tuple[Any, ...]], parts: int
) -> None:
    builder = QueryBuilder(reading_column)
    builder.add("mode", "mode(device)")
    query = builder.query()
    states = query.start()
    for row in rows:
        query.accumulators[1].add(states[1], (row[0], row[3]))
    found = query.values(states)["mode"]
    often = [row[3] for row in rows].count
    assert (found is None) is (not rows)
    assert found is None or often(found) == max(often("a"), often("b"))


fragments = st.sampled_from(
    [
        "avg(", "value", ")", "(", "count()", " + ", "-", "*", "/", "'x'", "1", "2.5e3", " and ",
        "not ", " is null", " in (", ", ", " between ", "filter (where ", '"', "'", ".", "=", "<>",
        "ü", "\0",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(text=st.lists(fragments, max_size=30).map("".join) | st.text(max_size=600))
def test_any_text_is_compiled_or_told_to_be_wrong(text: str) -> None:
    builder = QueryBuilder(reading_column)
    try:
        builder.add("x", text)
    except SqlMistake as mistake:
        assert str(mistake)
        return
    query = builder.query()
    states = query.start()
    for each, state in zip(query.accumulators, states, strict=True):
        each.add(state, (1.0,) * len(builder.columns))
    query.values(states)


@pytest.mark.parametrize("text", ["1" + "+1" * 249, "-" * 490 + "count()", "not " * 120 + "1"])
def test_long_texts_are_computed(text: str) -> None:
    builder = QueryBuilder(reading_column)
    builder.add("x", text)
    query = builder.query()
    assert "x" in query.values(query.start())


def test_every_function_is_compared() -> None:
    compared = {text.split("(")[0] for text in ASKED}
    assert set(KINDS) | set(ALIASES) == compared & {*KINDS, *ALIASES} | {"mode"}


@pytest.mark.parametrize(
    "text", ["count(*)", "COUNT(*)", "Sum(VALUE)", 'avg("value")', "+1 * count()"]
)
def test_sql_is_not_particular_about_its_writing(text: str) -> None:
    QueryBuilder(reading_column).add("x", text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "a value is expected before `the end`"),
        ("avg(value", "`)` is expected before `the end`"),
        ("avg(value))", "`)` is not expected here"),
        ("avg(value) filter (value > 1)", "`where` is expected before `value`"),
        ("avg(value) over ()", "`over` is not expected here"),
        ("select 1", "a value is expected before `select`"),
        ("sum(distinct value)", "only `count` takes `distinct`"),
        ("avg()", "`avg` takes 1 argument"),
        ("arg_max(device)", "`arg_max` takes 2 arguments"),
        ("round(avg(value), 1, 2)", "`round` takes 1 to 2 arguments"),
        (
            "abs(count()) filter (where true)",
            "`abs` is no aggregate: no `distinct` and no `filter`",
        ),
        ("avg(foo(value))", "unknown function `foo`"),
        ("count() is 3", "`null` is expected before `3`"),
        ("count() not 3", "`in` or `between` is expected before `3`"),
        ("avg(value) ; drop", "`; drop` is not expected here"),
        ("(" * 100 + "1" + ")" * 100, "nested too deeply"),
        ("1 + " * 1000 + "1", "longer than 500 characters"),
    ],
)
def test_a_mistake_is_told(text: str, told: str) -> None:
    with pytest.raises(SqlMistake) as found:
        QueryBuilder(reading_column).add("x", text)
    assert str(found.value) == told
