"""The gateway's entrance: it listens at once; what serves is imported when somebody comes."""

from __future__ import annotations

import asyncio
import importlib
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.gateway.listening import bind_port, bind_socket
from edge_agent.gateway.ports import Gateway
from edge_agent.security.address import check_exposure
from schemas.settings import GatewaySettings

if TYPE_CHECKING:
    from edge_agent.gateway.server import Handle


def start(gateway: Gateway, settings: GatewaySettings, path: Path) -> Entrance:
    """Listen on the agent's socket, and on the port of the settings (a free one when it is busy)
    when they enable it.

    Raises:
        UserError: the settings open the gateway to the network without a token.
        OSError: an address cannot be used, or another agent listens on the socket.
    """
    check_exposure(settings)
    uds = bind_socket(path)
    try:
        tcp = bind_port(settings.host, settings.port) if settings.enabled else None
    except OSError:
        uds.close()
        path.unlink()
        raise
    return Entrance(gateway, settings.token, path, uds, tcp)


class Entrance:
    """Two sockets that listen, on the running loop; `stop` ends what came of them.

    Litestar and uvicorn take 11 MB of the agent and half a second of its start, and many a home
    never asks. The first to come waits in the backlog while a thread imports them.
    """

    def __init__(
        self,
        gateway: Gateway,
        token: str | None,
        path: Path,
        uds: socket.socket,
        tcp: socket.socket | None,
    ) -> None:
        self.port = None if tcp is None else int(tcp.getsockname()[1])
        self._gateway = gateway
        self._token = token
        self._path = path
        self._uds, self._tcp = uds, tcp
        self._bound = [uds] if tcp is None else [uds, tcp]
        self._opening: asyncio.Task[Handle] | None = None
        for bound in self._bound:
            asyncio.get_running_loop().add_reader(bound, self._somebody)

    async def stop(self) -> None:
        """End within a second: streams are closed, requests under way get a moment."""
        self._ignore()
        if self._opening is not None:
            handle = await self._opening
            await handle.stop()
        for bound in self._bound:
            bound.close()
        self._path.unlink(missing_ok=True)

    def _somebody(self) -> None:
        self._ignore()
        self._opening = asyncio.create_task(self._open())
        self._opening.add_done_callback(_tell_of_failure)

    def _ignore(self) -> None:
        for bound in self._bound:
            asyncio.get_running_loop().remove_reader(bound)

    async def _open(self) -> Handle:
        try:
            server = await asyncio.to_thread(importlib.import_module, "edge_agent.gateway.server")
            handle: Handle = await server.serve(
                self._gateway, uds=self._uds, tcp=self._tcp, token=self._token
            )
        except BaseException:
            for bound in self._bound:
                bound.close()  # nobody shall wait
            raise
        return handle


def _tell_of_failure(opening: asyncio.Task[Handle]) -> None:
    if not opening.cancelled():
        opening.result()  # what it raises is logged by the loop
