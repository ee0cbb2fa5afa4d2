"""What is done at Prefect now and then: deployments kept right, runs claimed and cancelled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable

from edge_agent.prefect.api import Refused
from edge_agent.prefect.claims import Claims
from edge_agent.prefect.counts import Counts
from edge_agent.prefect.deployments import Deployments
from edge_agent.prefect.events import Events

log = logging.getLogger(__name__)

# "Run" in the UI starts within a second, a quarter on average; a look takes the server 10 ms.
_EVERY = 0.5
_SWITCHES_EVERY = 4
_COUNTS_EVERY = 1_200  # ten minutes
_AFTER_TROUBLE = 5.0


class Errands:
    """Runs errands until cancelled; `problem` says why the last one failed."""

    def __init__(
        self, deployments: Deployments, claims: Claims, events: Events, counts: Counts
    ) -> None:
        self.problem = ""
        self._deployments = deployments
        self._claims = claims
        self._events = events
        self._counts = counts

    async def registered(self) -> None:
        """Wait until every pipeline is a deployment."""
        while True:
            if await self._try(register=True, look=False):
                return
            await asyncio.sleep(_AFTER_TROUBLE)

    async def run(self) -> None:
        """Look after everything."""
        turn = 0
        while True:
            turn += 1
            well = await self._try(register=turn % _SWITCHES_EVERY == 0, look=True)
            if well and turn % _COUNTS_EVERY == 1:
                well = await self._attempt(self._counts.tell())
            await asyncio.sleep(_EVERY if well else _AFTER_TROUBLE)

    async def _try(self, *, register: bool, look: bool) -> bool:
        if register:
            if not await self._attempt(self._deployments.register()):
                return False
            if not await self._attempt(self._deployments.switch()):
                return False
        if not look:
            return True
        return await self._attempt(self._claims.look()) and await self._attempt(
            self._events.tell_devices()
        )

    async def _attempt(self, errand: Awaitable[None]) -> bool:
        try:
            await errand
        except OSError as error:
            self.problem = str(error)
            return False
        except Refused as refused:
            log.warning("Prefect refuses an errand", extra={"reason": str(refused)})
            self._deployments.forget()
            self.problem = str(refused)
            return False
        self.problem = ""
        return True
