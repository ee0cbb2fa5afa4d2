"""Reading: users' read-only SQL and our own named queries, beside the commits."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import msgspec

from edge_agent.ledger import sql
from edge_agent.ledger.problems import QueryProblem
from edge_agent.ledger.records import Latest
from edge_agent.ledger.store import Cursor
from schemas.run import Slot

_OURS, _USERS = 0, 1
# DuckDB hands out these types as Python objects we do not want (or needs pytz for them).
_CASTS = {"UUID": '"{0}"::VARCHAR', "TIMESTAMP WITH TIME ZONE": "timezone('UTC', \"{0}\")"}
_ZONED = "TIMESTAMP WITH TIME ZONE"


class Reader:
    """Two cursors with a thread each, so that a user's long query holds up nothing of ours."""

    def __init__(
        self, cursor: Callable[[int], Cursor], time_zone: str, clock: Callable[[], float]
    ) -> None:
        self._cursor = cursor
        self._zone = ZoneInfo(time_zone)
        self._clock = clock
        self._queries = sql.queries()
        self._threads = [ThreadPoolExecutor(1, f"ledger-read-{n}") for n in (_OURS, _USERS)]

    async def query(
        self, text: str, params: Mapping[str, Any], *, limit: int, timeout: float
    ) -> list[dict[str, Any]]:
        """Rows of one read-only statement. Raises QueryProblem."""
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._threads[_USERS], self._run, text, params, limit)
        try:
            return await asyncio.wait_for(asyncio.shield(work), timeout)
        except TimeoutError:
            self._cursor(_USERS).interrupt()
            raise QueryProblem(f"the query took longer than {timeout:g} s") from None

    async def named(self, name: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Rows of one of our queries."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads[_OURS], self._named, name, params)

    def slots(self) -> Sequence[Slot]:
        """Every slot."""
        rows = self._ours("slots", {})
        return [
            Slot(owner, key, msgspec.json.decode(value), due) for owner, key, value, due in rows
        ]

    def latest(self) -> Sequence[Latest]:
        """The last known value of every property."""
        return [
            Latest(key, device, name, instance, _value(kind, value, text), unit, ts / 1e6)
            for key, device, name, instance, kind, value, text, unit, ts in self._ours("latest", {})
        ]

    def close(self) -> None:
        """Stop reading."""
        self._cursor(_USERS).interrupt()
        for thread in self._threads:
            thread.shutdown()

    # ------------------------------------------------------------------ in the threads
    def _ours(self, name: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        cursor = self._cursor(_OURS).execute(self._queries[name], dict(params) or None)
        return cursor.fetchall()

    def _named(self, name: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        return self._rows(self._cursor(_OURS), self._queries[name], dict(params), None)

    def _run(self, text: str, params: Mapping[str, Any], limit: int) -> list[dict[str, Any]]:
        cursor = self._cursor(_USERS)
        try:
            statement = _one(cursor.extract_statements(text))
            wanted = self._bind(statement.named_parameters, params)
            cursor.execute("BEGIN TRANSACTION READ ONLY")
            try:
                if statement.type == duckdb.StatementType.EXPLAIN:
                    return _dicts(cursor.execute(statement.query, wanted or None))
                return self._rows(cursor, statement.query, wanted, limit)
            finally:
                cursor.execute("ROLLBACK")
        except duckdb.InterruptException:
            raise QueryProblem("the query was interrupted") from None
        except duckdb.Error as error:
            raise QueryProblem(str(error)) from error

    def _bind(self, names: set[str], params: Mapping[str, Any]) -> dict[str, Any]:
        known = dict(params)
        if "now" in names and isinstance(known.setdefault("now", self._clock()), int | float):
            known["now"] = dt.datetime.fromtimestamp(known["now"], dt.UTC)
        if missing := sorted(names - known.keys()):
            raise QueryProblem(f"no value for ${', $'.join(missing)}")
        return {name: known[name] for name in names}

    def _rows(
        self, cursor: Cursor, text: str, params: Mapping[str, Any], limit: int | None
    ) -> list[dict[str, Any]]:
        text = text.rstrip().rstrip(";")
        shape = cursor.from_query(text, params=params or None)
        columns = list(zip(shape.columns, map(str, shape.types), strict=True))
        chosen = ", ".join(_cast(name, kind) for name, kind in columns)
        bound = "" if limit is None else f" LIMIT {limit:d}"
        found = cursor.execute(f"SELECT {chosen} FROM (\n{text}\n){bound}", params or None)
        rows = _dicts(found)
        for name, kind in columns:
            if kind == _ZONED:
                for row in rows:
                    row[name] = self._local(row[name])
        return rows

    def _local(self, moment: dt.datetime | None) -> dt.datetime | None:
        return moment and moment.replace(tzinfo=dt.UTC).astimezone(self._zone)


def _cast(name: str, kind: str) -> str:
    quoted = name.replace('"', '""')
    if template := _CASTS.get(kind):
        return f'{template.format(quoted)} AS "{quoted}"'
    if kind.startswith("DECIMAL("):
        return f'"{quoted}"::DOUBLE AS "{quoted}"'
    if _ZONED in kind or "UUID" in kind:
        return f'to_json("{quoted}")::VARCHAR AS "{quoted}"'
    return f'"{quoted}"'


def _dicts(cursor: Cursor) -> list[dict[str, Any]]:
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _one(statements: Sequence[Any]) -> Any:
    if len(statements) != 1:
        raise QueryProblem(f"one statement is wanted, these are {len(statements)}")
    kinds = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
    if statements[0].type not in kinds:
        raise QueryProblem("only reading is allowed here: SELECT, WITH, FROM, DESCRIBE, EXPLAIN")
    return statements[0]


def _value(kind: str, number: float | None, text: str | None) -> Any:
    if number is not None:
        whole = kind == "n" and number.is_integer() and abs(number) < 1 << 53
        return bool(number) if kind == "b" else int(number) if whole else number
    return msgspec.json.decode(text) if kind == "j" and text else text
