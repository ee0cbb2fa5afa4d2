"""`/api/v1/recording` and `/api/v1/replays`: what came, and pipelines played over it."""

from __future__ import annotations

from typing import Annotated

from litestar import Router, get, post
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, QueryParameter

from edge_agent.gateway.guard import needs
from edge_agent.gateway.ports import Replays
from edge_agent.gateway.routes.history import moment_of
from schemas.api import ProblemDetails
from schemas.replays import RecordedPage, RecordedQuery, ReplayReport, ReplayRequest

Since = Annotated[str, QueryParameter(description="From this time on: RFC 3339, or `5m` ago.")]
Until = Annotated[str | None, QueryParameter(description="Before this time; now by default.")]
Topic = Annotated[str, QueryParameter(description="A topic filter.")]
Cursor = Annotated[int, QueryParameter(description="`next` of the page before.")]
_WRONG = {422: ResponseSpec(ProblemDetails, description="The text has errors.")}


def replays(replays: Replays) -> Router:
    """The routes."""

    @get("/recording", opt=needs("history:read"), tags=["events"])
    async def get_recording(
        since: Since, until: Until = None, topic: Topic = "#", cursor: Cursor = 0
    ) -> RecordedPage:
        """MQTT messages that came, oldest first, a page at a time."""
        start = moment_of(since)
        assert start is not None
        return await replays.recorded(RecordedQuery(start, moment_of(until), topic, cursor))

    @post(
        "/replays",
        opt=needs("history:query"),
        status_code=200,
        responses=_WRONG,
        tags=["pipelines"],
    )
    async def replay(data: JSONBody[ReplayRequest]) -> ReplayReport:
        """Play pipelines over what the ledger holds: what they would have done, nothing is done."""
        return await replays.replay(data)

    return Router("/", route_handlers=[get_recording, replay])
