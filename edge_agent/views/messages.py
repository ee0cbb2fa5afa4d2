"""What people write or say to the agent."""

from __future__ import annotations

from collections.abc import Sequence

from flows.engine import Engine
from flows.messages import message_event
from schemas.identity import text_id
from schemas.message import Said


class MessagesView:
    """Implements `edge_agent.gateway.ports.Messages`: every channel hands its messages in here."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def take(self, said: Said, principal: str) -> Sequence[str]:
        """Show a message to the pipelines; the ids of the runs it started."""
        event = message_event(said, self._engine.clock.now(), principal)
        return [text_id(run) for run in self._engine.dispatch(event)]
