"""`/api/v1/agent`: what the command line asks of the running agent."""

from __future__ import annotations

from litestar import Router, get, post
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody

from edge_agent.gateway.guard import needs
from edge_agent.gateway.ports import Agent
from schemas.api import Accepted, AgentView, Message, ProblemDetails

MESSAGES_BYTES = 16 << 20
"""A recording is replayed in batches of messages, and one message alone may be large."""
_ELSEWHERE = {403: ResponseSpec(ProblemDetails, description="Only on the agent's own socket.")}


def agent(agent: Agent) -> Router:
    """The routes."""

    @get("/agent", opt=needs("agent:read"))
    async def describe_agent() -> AgentView:
        """What runs where: for `hearth doctor`."""
        return await agent.describe()

    @post("/agent/stop", opt=needs("agent:stop"), status_code=204, responses=_ELSEWHERE)
    async def stop_agent() -> None:
        """Shut the agent down; only on its own socket."""
        agent.stop()

    @post(
        "/agent/messages",
        opt=needs("agent:send"),
        status_code=202,
        request_max_body_size=MESSAGES_BYTES,
    )
    async def send_messages(data: JSONBody[Message | list[Message]]) -> Accepted:
        """Take one message or several in as if the broker had sent them, or publish them."""
        messages = data if isinstance(data, list) else [data]
        await agent.send(messages)
        return Accepted(len(messages))

    return Router("/", route_handlers=[describe_agent, stop_agent, send_messages], tags=["agent"])
