"""What the ledger keeps, as the API shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from edge_agent.gateway.live import moment, run_summary
from edge_agent.ledger.problems import QueryProblem
from edge_agent.ledger.questions import Questions
from edge_agent.views.traces import started_by, trace_of
from firmware_profiles.payloads import parse
from schemas.api import Bucket, QueryAnswer, ReadingQuery, ReadingView, RunPage, RunQuery
from schemas.identity import text_id
from schemas.problem import Position, Problem, UserError
from schemas.run import RunRecord
from schemas.traces import Trace

_MOST_CHILDREN = 100


class HistoryView:
    """Implements `edge_agent.gateway.ports.History`."""

    def __init__(self, ledger: Questions) -> None:
        self._ledger = ledger

    async def runs(self, query: RunQuery) -> RunPage:
        """Runs, newest first; the cursor is the start of the last one shown."""
        records = await self._ledger.runs(
            pipeline=query.pipeline,
            state=query.state,
            since=None if query.since is None else query.since.timestamp(),
            before=float(query.cursor) if query.cursor else None,
            limit=query.limit + 1,
        )
        shown = records[: query.limit]
        more = repr(shown[-1].started) if len(records) > query.limit else None
        return RunPage([run_summary(record) for record in shown], more)

    async def trace(self, run: int) -> Trace:
        """One run by its id, with the event that started it while that is kept."""
        entry = await self._ledger.trace(run)
        if entry is None or entry.run is None:
            raise LookupError(f"there is no run {text_id(run)}")
        event = entry.event
        if event is not None and isinstance(event.payload, str):
            raw = event.payload.encode()
            event = msgspec.structs.replace(event, payload=parse(raw), raw=raw)
        return trace_of(entry.run, event, await self._children(entry.run))

    async def _children(self, record: RunRecord) -> list[RunRecord]:
        found = [await self._ledger.trace(run) for run in started_by(record)[:_MOST_CHILDREN]]
        return [entry.run for entry in found if entry is not None and entry.run is not None]

    async def readings(self, query: ReadingQuery) -> Sequence[ReadingView]:
        """Readings, newest first."""
        found = await self._ledger.readings(limit=query.limit, **_chosen(query))
        return [
            ReadingView(
                moment(each.ts),
                each.device,
                each.device_key,
                each.property,
                each.value,
                each.unit,
                each.instance,
            )
            for each in found
        ]

    async def buckets(self, query: ReadingQuery, seconds: float) -> Sequence[Bucket]:
        """Numeric readings averaged over spans of `seconds`, newest first."""
        found = await self._ledger.buckets(span=seconds, limit=query.limit, **_chosen(query))
        return [
            Bucket(
                moment(each.start),
                each.device,
                each.device_key,
                each.property,
                each.average,
                each.minimum,
                each.maximum,
                each.count,
                each.instance,
            )
            for each in found
        ]

    async def query(self, sql: str, params: Mapping[str, Any]) -> QueryAnswer:
        """Read-only SQL; a mistake in it is a `UserError`."""
        try:
            rows = await self._ledger.query(sql, params)
        except QueryProblem as problem:
            raise UserError(Problem(Position(), str(problem))) from None
        return QueryAnswer(list(rows[0]) if rows else [], rows)


def _chosen(query: ReadingQuery) -> dict[str, Any]:
    return {
        "device": query.device,
        "property": query.property,
        "since": None if query.since is None else query.since.timestamp(),
        "until": None if query.until is None else query.until.timestamp(),
    }
