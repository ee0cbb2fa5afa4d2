"""Serving the application inside the agent's loop, on sockets that listen already."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn
from litestar.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from edge_agent.gateway.app import build
from edge_agent.gateway.door import Door, SocketDoor
from edge_agent.gateway.head import Heads
from edge_agent.gateway.ports import Gateway

HEADER_SECONDS = 10.0
GRACE_SECONDS = 0.4
_WRITE_BUFFER_BYTES = 16_384


class Connection(H11Protocol):
    """One connection: closed when its first request does not come, with a small write buffer."""

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the request's head."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=_WRITE_BUFFER_BYTES)
        self.loop.call_later(HEADER_SECONDS, self._close_if_silent)

    def _close_if_silent(self) -> None:
        if self.cycle is None:
            self.transport.close()


class Listener(uvicorn.Server):
    """uvicorn inside somebody else's loop: no signal handlers, no polling."""

    def __init__(self, app: ASGIApp) -> None:
        config = uvicorn.Config(
            self._answer,
            interface="asgi3",
            proxy_headers=False,
            http=Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            date_header=False,  # it would have to be refreshed every second
            server_header=False,
            timeout_graceful_shutdown=None,
            limit_concurrency=1024,
        )
        super().__init__(config)
        self._app = app
        self.ready = asyncio.Event()
        self._leave = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The agent has its own."""
        yield

    async def main_loop(self) -> None:
        """Nothing to do until the end."""
        await self.on_tick(0)
        self.ready.set()
        await self._leave.wait()

    def leave(self) -> None:
        """End `main_loop`; requests under way may finish."""
        self._leave.set()

    async def hang_up(self) -> None:
        """Do not wait for requests under way any longer."""
        self.force_exit = True
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # the connections learn of it
        for task in list(self.server_state.tasks):
            task.cancel()

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            if not self.force_exit:
                raise  # else nobody waits for the answer, and uvicorn would log a traceback


class Handle:
    """What is served; `stop()` ends it."""

    def __init__(self, gateway: Gateway, app: ASGIApp) -> None:
        self._gateway = gateway
        self._app = app
        self._listeners: dict[Listener, asyncio.Task[None]] = {}

    async def add_socket(self, uds: socket.socket) -> None:
        """Serve the owner of the home on the agent's own socket."""
        await self._add(SocketDoor(self._app), uds)

    async def add_port(self, tcp: socket.socket, token: str | None) -> None:
        """Serve those the door lets in."""
        await self._add(Door(self._app, token, self._gateway.measures.refused), tcp)

    async def _add(self, app: ASGIApp, bound: socket.socket) -> None:
        listener = Listener(app)
        self._listeners[listener] = asyncio.create_task(listener.serve([bound]))
        await listener.ready.wait()

    async def stop(self) -> None:
        """End within a second: streams are closed, requests under way get a moment."""
        self._gateway.live.close()
        for listener in self._listeners:
            listener.leave()
        if self._listeners:
            await asyncio.wait(self._listeners.values(), timeout=GRACE_SECONDS)
        for listener in self._listeners:
            await listener.hang_up()
        await asyncio.gather(*self._listeners.values())


async def serve(
    gateway: Gateway, *, uds: socket.socket | None, tcp: socket.socket | None, token: str | None
) -> Handle:
    """Serve on the sockets given: the agent's own, and that of the port."""
    app = Heads(await asyncio.to_thread(build, gateway))
    handle = Handle(gateway, app)
    if uds is not None:
        await handle.add_socket(uds)
    if tcp is not None:
        await handle.add_port(tcp, token)
    return handle
