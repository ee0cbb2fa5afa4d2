"""The gateway's entrance: it listens at once; what serves is imported when somebody comes."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.gateway.listening import bind_port, socket_if_room
from edge_agent.gateway.ports import Gateway
from edge_agent.security.address import check_exposure
from schemas.settings import GatewaySettings

if TYPE_CHECKING:
    from edge_agent.gateway.server import Handle

ROOM_SECONDS = 5.0
"""How often a disk that took no socket is asked again."""

log = logging.getLogger(__name__)


def start(gateway: Gateway, settings: GatewaySettings, path: Path) -> Entrance:
    """Listen on the agent's socket, and on the port of the settings (a free one when it is busy)
    when they enable it.

    Raises:
        UserError: the settings open the gateway to the network without a token.
        OSError: an address cannot be used, or another agent listens on the socket.
    """
    check_exposure(settings)
    uds = socket_if_room(path)
    try:
        tcp = bind_port(settings.host, settings.port) if settings.enabled else None
    except OSError:
        if uds is not None:
            uds.close()
            path.unlink()
        raise
    return Entrance(gateway, settings.token, path, uds, tcp)


class Entrance:
    """Two sockets that listen, on the running loop; `stop` ends what came of them.

    The agent's own comes later where the disk takes no file now.

    Litestar and uvicorn take 11 MB of the agent and half a second of its start, and many a home
    never asks. The first to come waits in the backlog while a thread imports them.
    """

    def __init__(
        self,
        gateway: Gateway,
        token: str | None,
        path: Path,
        uds: socket.socket | None,
        tcp: socket.socket | None,
    ) -> None:
        self.port = None if tcp is None else int(tcp.getsockname()[1])
        self._gateway = gateway
        self._token = token
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._uds, self._tcp = uds, tcp
        self._opening: asyncio.Task[Handle] | None = None
        for bound in self._bound():
            self._loop.add_reader(bound, self._somebody)
        if uds is None:
            log.error("no room for the socket of the command line", extra={"path": str(path)})
            self._later = self._loop.call_later(ROOM_SECONDS, self._look_for_room)

    async def stop(self) -> None:
        """End within a second: streams are closed, requests under way get a moment."""
        self._ignore()
        if self._uds is None:
            self._later.cancel()
        if self._opening is not None:
            handle = await self._opening
            await handle.stop()
        for bound in self._bound():
            bound.close()
        with contextlib.suppress(OSError):  # the next start finds that nobody answers there
            self._path.unlink(missing_ok=True)

    def _bound(self) -> list[socket.socket]:
        return [bound for bound in (self._uds, self._tcp) if bound is not None]

    def _look_for_room(self) -> None:
        uds = self._uds = socket_if_room(self._path)
        if uds is None:
            self._later = self._loop.call_later(ROOM_SECONDS, self._look_for_room)
        elif self._opening is None:
            self._loop.add_reader(uds, self._somebody)
        else:
            self._opening = asyncio.create_task(self._with_socket(self._opening, uds))

    async def _with_socket(self, opening: asyncio.Task[Handle], uds: socket.socket) -> Handle:
        handle = await opening
        await handle.add_socket(uds)
        return handle

    def _somebody(self) -> None:
        self._ignore()
        self._opening = asyncio.create_task(self._open())
        self._opening.add_done_callback(_tell_of_failure)

    def _ignore(self) -> None:
        for bound in self._bound():
            self._loop.remove_reader(bound)

    async def _open(self) -> Handle:
        try:
            server = await asyncio.to_thread(importlib.import_module, "edge_agent.gateway.server")
            handle: Handle = await server.serve(
                self._gateway, uds=self._uds, tcp=self._tcp, token=self._token
            )
        except BaseException:
            for bound in self._bound():
                bound.close()  # nobody shall wait
            raise
        return handle


def _tell_of_failure(opening: asyncio.Task[Handle]) -> None:
    if not opening.cancelled():
        opening.result()  # what it raises is logged by the loop
