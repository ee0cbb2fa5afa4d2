"""Starting the gateway without delaying the agent: Litestar is imported in a thread, late."""

from __future__ import annotations

import asyncio
import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.gateway.ports import Gateway
from edge_agent.security.address import check_exposure
from schemas.settings import GatewaySettings

if TYPE_CHECKING:
    from edge_agent.gateway.server import Handle


async def start(gateway: Gateway, settings: GatewaySettings, socket: Path) -> Handle:
    """Serve on the agent's socket, and on the port of the settings when they enable it.

    Raises:
        UserError: the settings open the gateway to the network without a token.
        OSError: an address cannot be used.
    """
    check_exposure(settings)
    server = await asyncio.to_thread(importlib.import_module, "edge_agent.gateway.server")
    tcp = (settings.host, settings.port) if settings.enabled else None
    handle: Handle = await server.serve(gateway, tcp=tcp, uds=socket, token=settings.token)
    return handle
