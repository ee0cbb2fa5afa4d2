"""What is done at Prefect now and then: deployments kept right, runs claimed and cancelled."""

from __future__ import annotations

import asyncio
import logging

from edge_agent.prefect.api import Refused
from edge_agent.prefect.claims import Claims
from edge_agent.prefect.deployments import Deployments

log = logging.getLogger(__name__)

# "Run" in the UI starts within a second, a quarter on average; a look takes the server 10 ms.
_EVERY = 0.5
_SWITCHES_EVERY = 4
_AFTER_TROUBLE = 5.0


class Errands:
    """Runs errands until cancelled."""

    def __init__(self, deployments: Deployments, claims: Claims) -> None:
        self._deployments = deployments
        self._claims = claims

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
            await asyncio.sleep(_EVERY if well else _AFTER_TROUBLE)

    async def _try(self, *, register: bool, look: bool) -> bool:
        try:
            if register:
                await self._deployments.register()
                await self._deployments.switch()
            if look:
                await self._claims.look()
        except OSError:
            return False
        except Refused as refused:
            log.warning("Prefect refuses an errand", extra={"reason": str(refused)})
            self._deployments.forget()
            return False
        return True
