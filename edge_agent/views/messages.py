"""What people write or say to the agent."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from flows.engine import Engine
from flows.messages import UNDERSTANDING, message_event, understood
from pipelines.ports import Models
from schemas.identity import text_id
from schemas.message import Said

log = logging.getLogger(__name__)


class MessagesView:
    """Implements `edge_agent.gateway.ports.Messages`: every channel hands its messages in here."""

    def __init__(self, engine: Engine, models: Models) -> None:
        self._engine = engine
        self._models = models

    async def take(self, said: Said, principal: str) -> Sequence[str]:
        """Show a message to the pipelines; the ids of the runs it started.

        It is understood before, where one of them asks for an intent.
        """
        if self._engine.router.hears(UNDERSTANDING):
            said = await self._understood(said)
        event = message_event(said, self._engine.clock.now(), principal)
        return [text_id(run) for run in self._engine.dispatch(event)]

    async def _understood(self, said: Said) -> Said:
        """Without the model a message is still a message: its words are listened for."""
        try:
            return await understood(said, self._models)
        except (OSError, LookupError, ValueError) as error:
            log.warning("a message is not understood", extra={"reason": str(error)})
            return said
