"""`/api/v1/messages`: what people write or say."""

from __future__ import annotations

from typing import Any

from litestar import Request, Router, post
from litestar.params import JSONBody

from edge_agent.gateway.guard import needs
from edge_agent.gateway.ports import Messages
from schemas.api import Heard
from schemas.message import Said


def messages(messages: Messages) -> Router:
    """The route."""

    @post("/", opt=needs("messages:send"), status_code=202)
    async def send_message(request: Request[Any, Any, Any], data: JSONBody[Said]) -> Heard:
        """Say something to the agent; the `message` triggers it fits fire."""
        return Heard(list(await messages.take(data, request.user.name)))

    return Router("/messages", route_handlers=[send_message], tags=["messages"])
