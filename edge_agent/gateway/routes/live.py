"""`/api/v1/events`: what happens, as it happens."""

from __future__ import annotations

from typing import Annotated

from litestar import Router, get
from litestar.exceptions import ServiceUnavailableException, ValidationException
from litestar.params import QueryParameter
from litestar.response import Stream

from edge_agent.gateway.guard import needs
from edge_agent.gateway.live import KINDS, Live

MOST_FOLLOWERS = 256

Types = Annotated[
    str,
    QueryParameter(
        description="Kinds wanted, by comma: event, reading, run, effect; all by default."
    ),
]


def live(live: Live) -> Router:
    """The routes."""

    @get("/events", opt=needs("live:read"), media_type="text/event-stream")
    async def follow_events(types: Types = "") -> Stream:
        """Server-sent events: `event`, `reading`, `run` and `effect`, each with JSON data.

        A client that reads too slowly gets `dropped` with the `count` of what it missed. Comments
        keep the connection open while nothing happens.
        """
        kinds = _kinds(types)
        if live.followers >= MOST_FOLLOWERS:
            raise ServiceUnavailableException(f"{MOST_FOLLOWERS} clients are listening already")
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        return Stream(live.follow(kinds), media_type="text/event-stream", headers=headers)

    return Router("/", route_handlers=[follow_events], tags=["events"])


def _kinds(types: str) -> tuple[str, ...]:
    wanted = {word.strip().removesuffix("s") for word in types.split(",") if word.strip()}
    if unknown := wanted - set(KINDS):
        raise ValidationException(f"no such type {', '.join(unknown)}: {', '.join(KINDS)}")
    return tuple(kind for kind in KINDS if not wanted or kind in wanted)
