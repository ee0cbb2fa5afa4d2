"""`/api/v1/runs`, `/readings` and `/query`: what the ledger keeps."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar
from uuid import UUID

from litestar import Request, Router, get, post
from litestar.exceptions import ValidationException
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, PathParameter, QueryParameter

from edge_agent.gateway.guard import needs
from edge_agent.gateway.ports import History
from schemas.api import (
    Bucket,
    ProblemDetails,
    Query,
    QueryAnswer,
    ReadingQuery,
    ReadingView,
    RunPage,
    RunQuery,
)
from schemas.fields import seconds
from schemas.traces import Trace

QUERY_SECONDS = 30.0

T = TypeVar("T")

_MOMENT = "RFC 3339 (UTC without an offset), a date, or how long ago: `2h`"
RunId = Annotated[str, PathParameter(description="The run's UUID.")]
PipelineId = Annotated[str | None, QueryParameter(description="Only runs of this pipeline.")]
State = Annotated[str | None, QueryParameter(name="state", description="Only runs in this state.")]
Since = Annotated[str | None, QueryParameter(description=f"Not before this time: {_MOMENT}.")]
Until = Annotated[str | None, QueryParameter(description=f"Before this time: {_MOMENT}.")]
Limit = Annotated[int, QueryParameter(ge=1, le=10_000, description="At most so many.")]
Cursor = Annotated[str | None, QueryParameter(description="`next` of the page before.")]
Device = Annotated[str | None, QueryParameter(description="Name, alias or key of the device.")]
Property = Annotated[str | None, QueryParameter(name="property", description="Only this property.")]
Span = Annotated[str, QueryParameter(description="Span of one bucket: `5m`, `1h`, `1d`.")]
Sql = Annotated[str, QueryParameter(description="A SELECT; `$name` is the parameter `name`.")]
_WRONG_SQL = {422: ResponseSpec(ProblemDetails, description="The SQL is wrong, or writes.")}


def history(history: History) -> Router:
    """The routes."""

    @get("/runs", opt=needs("history:read"), tags=["runs"])
    async def list_runs(
        pipeline: PipelineId = None,
        run_state: State = None,
        since: Since = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> RunPage:
        """Runs, newest first, a page at a time."""
        query = RunQuery(pipeline, run_state, moment_of(since), limit, cursor)
        return await _soon(history.runs(query))

    @get(
        "/runs/{run:str}",
        opt=needs("history:read"),
        tags=["runs"],
        responses={404: ResponseSpec(ProblemDetails, description="No such run.")},
    )
    async def get_run(run: RunId) -> Trace:
        """The trace of a run: each step with its values, each effect."""
        return await _soon(history.trace(_run_id(run)))

    @get("/readings", opt=needs("history:read"), tags=["readings"])
    async def list_readings(
        device: Device = None,
        property_: Property = None,
        since: Since = None,
        until: Until = None,
        limit: Limit = 1000,
    ) -> list[ReadingView]:
        """Readings of devices, newest first."""
        query = ReadingQuery(device, property_, moment_of(since), moment_of(until), limit)
        return list(await _soon(history.readings(query)))

    @get("/readings/buckets", opt=needs("history:read"), tags=["readings"])
    async def list_buckets(
        span: Span,
        device: Device = None,
        property_: Property = None,
        since: Since = None,
        until: Until = None,
        limit: Limit = 1000,
    ) -> list[Bucket]:
        """Numeric readings averaged over spans of time, newest first: for charts."""
        query = ReadingQuery(device, property_, moment_of(since), moment_of(until), limit)
        return list(await _soon(history.buckets(query, _span(span))))

    @get("/query", opt=needs("history:query"), tags=["query"], responses=_WRONG_SQL)
    async def get_query(request: Request[Any, Any, Any], sql: Sql) -> QueryAnswer:
        """Read-only SQL; every other query parameter is a value for `$name`."""
        params = {k: v for k, v in request.query_params.items() if k != "sql"}
        return await _soon(history.query(sql, params))

    @post(
        "/query", opt=needs("history:query"), tags=["query"], status_code=200, responses=_WRONG_SQL
    )
    async def post_query(data: JSONBody[Query]) -> QueryAnswer:
        """Read-only SQL with typed parameters."""
        return await _soon(history.query(data.sql, data.params))

    handlers = [list_runs, get_run, list_readings, list_buckets, get_query, post_query]
    return Router("/", route_handlers=handlers)


async def _soon(answer: Awaitable[T]) -> T:
    async with asyncio.timeout(QUERY_SECONDS):
        return await answer


def _run_id(text: str) -> int:
    try:
        return UUID(text).int
    except ValueError:
        raise LookupError(f"no run `{text}`: a run's id is a UUID") from None


def _span(text: str) -> float:
    try:
        span = seconds(text)
    except ValueError as error:
        raise ValidationException(str(error)) from None
    if span <= 0:
        raise ValidationException("a span of time must be longer than nothing")
    return span


def moment_of(text: str | None) -> datetime | None:
    """A query's time: RFC 3339, or how long ago; None where none is given."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return datetime.now(UTC) - timedelta(seconds=_span(text))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
