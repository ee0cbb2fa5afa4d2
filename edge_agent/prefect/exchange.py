"""HTTP/1.1 requests over one kept connection, with h11, which the gateway has loaded anyway.

httpx would take 8 MB of the agent for its life, and a request of it twice the time.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

import h11
from msgspec import Struct

_READ_BYTES = 65_536
_USUAL = {"http": 80, "https": 443}


class Answer(Struct, frozen=True):
    """What came back."""

    status: int
    body: bytes


class Exchange:
    """Requests to one server, one at a time; `close` at the end."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port or _USUAL[parts.scheme]
        self._named = parts.netloc.rpartition("@")[2]
        self._secure = parts.scheme == "https"
        self._prefix = parts.path.rstrip("/")
        self._alone = asyncio.Lock()
        self._line: _Line | None = None

    async def ask(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes, seconds: float
    ) -> Answer:
        """One request and its answer.

        Raises:
            OSError: no whole answer, or not within this time.
        """
        try:
            async with self._alone, asyncio.timeout(seconds):
                return await self._ask(method, path, headers, body)
        except h11.ProtocolError as error:
            raise ConnectionError(f"{self._named} does not speak HTTP: {error}") from error
        except TimeoutError:
            raise TimeoutError(f"{self._named}: no answer within {seconds:g} s") from None

    async def close(self) -> None:
        """Close the connection."""
        line, self._line = self._line, None
        if line is not None:
            line.close()

    async def _ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        request = h11.Request(
            method=method,
            target=self._prefix + path,
            headers=[("host", self._named), ("content-length", str(len(body))), *headers.items()],
        )
        line, self._line = self._line, None
        try:
            if line is not None:
                try:
                    answer = await line.exchange(request, body)
                except ConnectionError:  # a kept connection that the server has closed meanwhile
                    line.close()
                    line = None
            if line is None:
                line = await self._connect()
                answer = await line.exchange(request, body)
        except BaseException:
            if line is not None:
                line.close()
            raise
        self._line = line if line.reusable() else None
        return answer

    async def _connect(self) -> _Line:
        context = ssl.create_default_context() if self._secure else None
        return _Line(*await asyncio.open_connection(self._host, self._port, ssl=context))


class _Line:
    """An open connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._talk = h11.Connection(h11.CLIENT)

    async def exchange(self, request: h11.Request, body: bytes) -> Answer:
        """Send a request and read its answer. Raises ConnectionError, h11.ProtocolError."""
        talk = self._talk
        events = (request, h11.Data(data=body), h11.EndOfMessage())
        self._writer.write(b"".join(talk.send(event) or b"" for event in events))
        await self._writer.drain()
        status, parts = 0, bytearray()
        while True:
            event = await self._next()
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                parts += event.data
            elif isinstance(event, h11.EndOfMessage):
                return Answer(status, bytes(parts))

    async def _next(self) -> h11.Event:
        while True:
            event = self._talk.next_event()
            if event is h11.NEED_DATA:
                data = await self._reader.read(_READ_BYTES)
                if not data and self._talk.their_state is h11.SEND_RESPONSE:
                    raise ConnectionResetError("the server closed the connection")
                self._talk.receive_data(data)
            elif isinstance(event, h11.Event):
                return event
            else:
                raise ConnectionResetError("the server closed the connection")

    def reusable(self) -> bool:
        """Make ready for the next request; closes where that cannot be."""
        try:
            self._talk.start_next_cycle()
        except h11.LocalProtocolError:
            self.close()
            return False
        return True

    def close(self) -> None:
        """Close it."""
        self._writer.close()
