"""Rows into Prefect's PostgreSQL database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from flows.prefect.server.rows import CHANGING, COLUMNS, Conflict, Encoding, Row, Rows
from flows.prefect.server.statements import add_flow, find_flow, give_way, link, upsert
from schemas.identity import stable_id, text_id

# A run names its last state and the task run that started it, and these name their run: written
# in one statement, at whose end PostgreSQL looks whether what is named is there.
_RUNS = ("flow_run", "task_run", "flow_run_state")
_OTHERS = ("task_run_state", "log")
_FIND_COLUMNS = """
SELECT table_name, column_name, is_nullable = 'NO' AND column_default IS NULL, udt_name
FROM information_schema.columns
WHERE table_schema = current_schema() AND table_name = ANY($1)
"""


def _mark(number: int) -> str:
    return f"${number}"


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _span(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def _turned(table: str, rows: Sequence[Row]) -> Iterable[Sequence[Any]]:
    """The columns of these rows; of rows that change one another only the last is left."""
    if table in CHANGING:
        rows = list({row[0]: row for row in rows}.values())
    return zip(*rows, strict=True) if rows else [()] * len(COLUMNS[table])


class PostgresWriter:
    """Writes batches, each in one transaction, through a connection of its own."""

    encoding = Encoding(moment=_moment, span=_span, written=_moment)

    def __init__(self, url: str) -> None:
        self._url = url.replace("postgresql+asyncpg://", "postgresql://")
        self._open: Any = None
        self._alone = asyncio.Lock()
        self._types: dict[tuple[str, str], str] = {}

    async def columns(self) -> Mapping[str, Mapping[str, bool]]:
        """The columns of the tables we write; True for those without a default that need one."""
        found: dict[str, dict[str, bool]] = {}
        connection = await self._connection()
        for table, column, needed, kind in await connection.fetch(_FIND_COLUMNS, list(COLUMNS)):
            found.setdefault(table, {})[column] = needed
            self._types[table, column] = kind
        return found

    async def flow_ids(self, names: Sequence[str]) -> dict[str, str]:
        """The ids of the flows of these names; those that are not there are made."""
        connection = await self._connection()
        made = [(text_id(stable_id("flow", name)), name) for name in names]
        await connection.executemany(add_flow(_mark), made)
        found = {name: await connection.fetchval(find_flow(_mark), name) for name in names}
        return {name: str(identity) for name, identity in found.items()}

    async def write(self, rows: Rows) -> None:
        """Write all rows or none.

        Raises:
            Conflict: they contradict what is there.
            OSError: the database is away.
        """
        import asyncpg

        try:
            async with self._alone:
                connection = await self._connection()
                async with connection.transaction():
                    await self._write(connection, rows)
        except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError) as error:
            raise Conflict(str(error)) from error
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise OSError(str(error)) from error

    async def _write(self, connection: Any, rows: Rows) -> None:
        if rows.late:
            await connection.executemany(give_way(_mark), rows.late)
        await self._put(connection, rows, _RUNS)
        for table in _OTHERS:
            await self._put(connection, rows, (table,))
        if rows.parents:
            await connection.executemany(link(_mark), rows.parents)

    async def _put(self, connection: Any, rows: Rows, tables: Sequence[str]) -> None:
        """The rows of these tables in one statement; each column is an array."""
        statement = self._statement(tables)
        columns = [column for table in tables for column in _turned(table, rows.tables[table])]
        await connection.execute(statement, *columns)

    def _statement(self, tables: Sequence[str]) -> str:
        marks = iter(range(1, 1_000))

        def values(table: str) -> str:
            arrays = (f"${next(marks)}::{self._types[table, name]}[]" for name in COLUMNS[table])
            return f"SELECT * FROM unnest({', '.join(arrays)})"

        *before, last = (upsert(table, values(table)) for table in tables)
        named = ", ".join(f"part_{n} AS ({each})" for n, each in enumerate(before))
        return f"WITH {named} {last}" if named else last

    async def close(self) -> None:
        """Close the connection."""
        if self._open is not None:
            await self._open.close()

    async def _connection(self) -> Any:
        import asyncpg

        if self._open is None or self._open.is_closed():
            self._open = await asyncpg.connect(self._url)
        return self._open
