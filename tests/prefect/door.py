"""A door before a real server, that hangs up on what a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.prefect.cloud import copy


class Door:
    """`api` is the URL of the server behind it. The next `refusals` connections on which `word`
    comes are closed."""

    def __init__(self, api: str) -> None:
        self.api = ""
        self.word = b""
        self.refusals = 0
        self._host, _, self._port = api.removesuffix("/api").rpartition("/")[2].rpartition(":")

    @asynccontextmanager
    async def standing(self) -> AsyncIterator[Door]:
        """The door is there."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            self.api = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api"
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, onward = await asyncio.open_connection(self._host, int(self._port))
        answering = asyncio.create_task(copy(back, writer))
        while (data := await reader.read(65_536)) and not self._refuses(data):
            onward.write(data)
        answering.cancel()
        onward.close()
        writer.close()

    def _refuses(self, data: bytes) -> bool:
        refuses = self.refusals > 0 and self.word in data
        self.refusals -= refuses
        return refuses
