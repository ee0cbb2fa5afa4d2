"""Rows into Prefect's PostgreSQL database."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from flows.prefect.server.rows import COLUMNS, Conflict, Encoding, Rows
from flows.prefect.server.statements import add_flow, find_flow, link, upserts
from schemas.identity import stable_id, text_id

_STATE_ID = COLUMNS["flow_run"].index("state_id")
_FIND_COLUMNS = """
SELECT table_name, column_name, is_nullable = 'NO' AND column_default IS NULL
FROM information_schema.columns
WHERE table_schema = current_schema() AND table_name = ANY($1)
"""


def _mark(number: int) -> str:
    return f"${number}"


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _span(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


class PostgresWriter:
    """Writes batches, each in one transaction, through a connection of its own."""

    encoding = Encoding(_moment, _span)

    def __init__(self, url: str) -> None:
        self._url = url.replace("postgresql+asyncpg://", "postgresql://")
        self._open: Any = None
        self._alone = asyncio.Lock()
        self._upserts = upserts(_mark)

    async def columns(self) -> Mapping[str, Mapping[str, bool]]:
        """The columns of the tables we write; True for those without a default that need one."""
        found: dict[str, dict[str, bool]] = {}
        connection = await self._connection()
        for table, column, needed in await connection.fetch(_FIND_COLUMNS, list(COLUMNS)):
            found.setdefault(table, {})[column] = needed
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
        except asyncpg.IntegrityConstraintViolationError as error:
            raise Conflict(str(error)) from error
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise OSError(str(error)) from error

    async def _write(self, connection: Any, rows: Rows) -> None:
        for table, statement in self._upserts.items():
            filled = rows.tables[table]
            if table == "flow_run":  # its states come after it, and must be there to be named
                filled = [(*row[:_STATE_ID], None, *row[_STATE_ID + 1 :]) for row in filled]
            if filled:
                await connection.executemany(statement, filled)
        last = [(row[0], row[_STATE_ID]) for row in rows.tables["flow_run"]]
        name_state = (
            "UPDATE flow_run SET state_id = s.id FROM flow_run_state s"
            " WHERE flow_run.id = $1 AND s.id = $2 AND flow_run.state_timestamp = s.timestamp"
        )
        await connection.executemany(name_state, last)
        if rows.parents:
            await connection.executemany(link(_mark), rows.parents)

    async def close(self) -> None:
        """Close the connection."""
        if self._open is not None:
            await self._open.close()

    async def _connection(self) -> Any:
        import asyncpg

        if self._open is None or self._open.is_closed():
            self._open = await asyncpg.connect(self._url)
        return self._open
