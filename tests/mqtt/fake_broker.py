"""A broker that does what a test tells it, packet by packet."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

ACCEPTED_V5 = b"\x20\x03\x00\x00\x00"
ACCEPTED_V311 = b"\x20\x02\x00\x00"
PATIENCE = 10.0


class Connection:
    """One client at the fake broker."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def packet(self) -> tuple[int, bytes]:
        """The next packet: its first byte and what follows the length."""
        async with asyncio.timeout(PATIENCE):
            first = (await self._reader.readexactly(1))[0]
            length = shift = 0
            while True:
                digit = (await self._reader.readexactly(1))[0]
                length |= (digit & 127) << shift
                shift += 7
                if digit < 128:
                    return first, await self._reader.readexactly(length)

    async def expect(self, kind: int) -> tuple[int, bytes]:
        """The next packet of a kind (upper four bits); pings and subscriptions are answered."""
        while True:
            first, body = await self.packet()
            if first & 0xF0 == kind:
                return first, body
            if first == 0xC0:
                self.send(b"\xd0\x00")

    async def welcome(self, answer: bytes = ACCEPTED_V5) -> bytes:
        """Take the CONNECT and answer it."""
        _, body = await self.expect(0x10)
        self.send(answer)
        return body

    async def publish(self) -> tuple[int, str, bytes]:
        """The next PUBLISH of MQTT 5 that is none of the agent's own: first byte, id, payload."""
        while True:
            first, body = await self.expect(0x30)
            size = 2 + int.from_bytes(body[:2])
            if body[2:size].startswith(b"hearth/"):
                continue
            after = size + (2 if first & 6 else 0)
            return first, body[size:after].hex(), body[after + 1 + body[after] :]

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._writer.write(data)

    def hang_up(self) -> None:
        """Close the connection."""
        self._writer.close()


class FakeBroker:
    """Listens; `connection` is the next client."""

    def __init__(self) -> None:
        self.port = 0
        self._waiting: asyncio.Queue[Connection] = asyncio.Queue()

    async def connection(self) -> Connection:
        """The next client that connects."""
        async with asyncio.timeout(PATIENCE):
            return await self._waiting.get()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A client has connected."""
        self._waiting.put_nowait(Connection(reader, writer))


@asynccontextmanager
async def fake_broker() -> AsyncIterator[FakeBroker]:
    """A fake broker on a free port."""
    broker = FakeBroker()
    server = await asyncio.start_server(broker.accept, "127.0.0.1", 0)
    broker.port = server.sockets[0].getsockname()[1]
    yield broker
    server.close()
