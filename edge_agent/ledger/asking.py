"""Users' SQL: one read-only statement, with a limit on rows and time."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from edge_agent.ledger.cursors import Cursors
from edge_agent.ledger.problems import QueryProblem
from edge_agent.ledger.store import USERS, Cursor

# DuckDB needs pytz to hand out this type, so it is fetched as UTC and placed in the home's zone.
_ZONED = "TIMESTAMP WITH TIME ZONE"


class Asking:
    """Runs what users write. `query` never changes anything, whatever the text."""

    def __init__(self, cursors: Cursors, time_zone: str, clock: Callable[[], float]) -> None:
        self._cursors = cursors
        self._zone = ZoneInfo(time_zone)
        self._clock = clock

    async def query(
        self, text: str, params: Mapping[str, Any], *, limit: int, seconds: float
    ) -> list[dict[str, Any]]:
        """Rows of one read-only statement. Raises QueryProblem."""
        begun: list[bool] = []  # queries queue for the cursor: only one's own is broken off

        def answer(cursor: Cursor) -> list[dict[str, Any]]:
            begun.append(True)
            return self._run(cursor, text, params, limit)

        work = asyncio.ensure_future(self._cursors.run(USERS, answer))
        try:
            done, _ = await asyncio.wait([work], timeout=seconds)
        except asyncio.CancelledError:
            self._break_off(work, bool(begun))
            raise
        if not done:
            self._break_off(work, bool(begun))
            raise QueryProblem(f"the query took longer than {seconds:g} s")
        return work.result()

    def _break_off(self, work: asyncio.Future[Any], begun: bool) -> None:
        if begun:
            self._cursors.interrupt(USERS)
        work.cancel()

    def _run(
        self, cursor: Cursor, text: str, params: Mapping[str, Any], limit: int
    ) -> list[dict[str, Any]]:
        try:
            statement = _one(cursor.extract_statements(text))
            wanted = self._bind(statement.named_parameters, params)
            # The statement's type alone is not enough: WITH may hold an INSERT.
            cursor.execute("BEGIN TRANSACTION READ ONLY")
            try:
                if statement.type == duckdb.StatementType.EXPLAIN:
                    return _dicts(cursor.execute(statement.query, wanted or None))
                return self._select(cursor, statement.query, wanted, limit)
            finally:
                cursor.execute("ROLLBACK")
        except duckdb.Error as error:
            raise QueryProblem(str(error)) from error

    def _bind(self, names: set[str], params: Mapping[str, Any]) -> dict[str, Any]:
        known = dict(params)
        if "now" in names and isinstance(known.setdefault("now", self._clock()), int | float):
            known["now"] = dt.datetime.fromtimestamp(known["now"], dt.UTC)
        if missing := sorted(names - known.keys()):
            raise QueryProblem(f"no value for ${', $'.join(missing)}")
        return {name: known[name] for name in names}

    def _select(
        self, cursor: Cursor, text: str, params: Mapping[str, Any], limit: int
    ) -> list[dict[str, Any]]:
        text = _unended(text)
        shape = cursor.from_query(text, params=params or None)
        columns = list(zip(shape.columns, map(str, shape.types), strict=True))
        chosen = ", ".join(_cast(name, kind) for name, kind in columns)
        bounded = f"SELECT {chosen} FROM (\n{text}\n) LIMIT {limit:d}"
        rows = _dicts(cursor.execute(bounded, params or None))
        for name in [name for name, kind in columns if kind == _ZONED]:
            for row in rows:
                row[name] = self._local(row[name])
        return rows

    def _local(self, moment: dt.datetime | None) -> dt.datetime | None:
        return moment and moment.replace(tzinfo=dt.UTC).astimezone(self._zone)


def _cast(name: str, kind: str) -> str:
    """Select a column as something that JSON and Python's standard library know."""
    column = '"' + name.replace('"', '""') + '"'
    if kind == _ZONED:
        return f"timezone('UTC', {column}) AS {column}"
    if kind == "UUID":
        return f"{column}::VARCHAR AS {column}"
    if kind.startswith("DECIMAL("):
        return f"{column}::DOUBLE AS {column}"
    if _ZONED in kind or "UUID" in kind or "DECIMAL(" in kind:
        return f"to_json({column})::VARCHAR AS {column}"
    return column


def _dicts(cursor: Cursor) -> list[dict[str, Any]]:
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _unended(text: str) -> str:
    """The statement without the semicolon, and the remarks after it, that end it."""
    marks = [at for at, kind in duckdb.tokenize(text) if kind != duckdb.token_type.comment]
    return text[: marks[-1]] if marks and text[marks[-1]] == ";" else text


def _one(statements: Sequence[Any]) -> Any:
    if not statements:
        raise QueryProblem("no statement is given: write for example `from runs limit 10`")
    if len(statements) > 1:
        raise QueryProblem(f"one statement is wanted, these are {len(statements)}")
    if statements[0].type not in (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN):
        raise QueryProblem("only reading is allowed here: SELECT, WITH, FROM, DESCRIBE, EXPLAIN")
    return statements[0]
