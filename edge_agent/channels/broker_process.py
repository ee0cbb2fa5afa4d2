"""The process of the embedded broker: amqtt, until standard input ends."""

import asyncio
import logging
import os
import sys

import uvloop
from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter  # type: ignore[import-untyped]
from amqtt.broker import Broker  # type: ignore[import-untyped]
from amqtt.contexts import BrokerConfig, ListenerConfig  # type: ignore[import-untyped]

from edge_agent.loopback import HOST, free_port

CONNECT_HEAD = 12  # no CONNECT is shorter, and in none the version comes later
UNSUPPORTED = b"\x20\x02\x00\x01"


class Replaying(StreamReaderAdapter):  # type: ignore[misc]
    """A reader that first gives back what was looked at."""

    def __init__(self, reader: asyncio.StreamReader, head: bytes) -> None:
        super().__init__(reader)
        self._head = head

    async def read(self, n: int = -1) -> bytes:
        """The next `n` bytes."""
        part, self._head = self._head[:n], self._head[n:]
        rest: bytes = await super().read(n - len(part)) if len(part) < n else b""
        return part + rest


class Embedded(Broker):  # type: ignore[misc]
    """amqtt with an answer for clients that speak MQTT 5, whom it would leave waiting."""

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        """A client has connected."""
        try:
            head = await reader.readexactly(CONNECT_HEAD)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            return
        if b"MQTT\x05" in head:
            writer.write(UNSUPPORTED)
            writer.close()
            return
        await self._client_connected(
            listener_name, Replaying(reader, head), StreamWriterAdapter(writer)
        )


async def serve(wanted: int) -> None:
    """Write the port to standard output, then serve until standard input ends."""
    port = free_port(wanted)
    config = BrokerConfig(
        listeners={"default": ListenerConfig(bind=f"{HOST}:{port}")},
        plugins={"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    )
    await Embedded(config).start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    parent = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(parent), sys.stdin)
    await parent.read()


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    uvloop.run(serve(int(sys.argv[1])))
    os._exit(0)  # nothing to save, and amqtt takes seconds to say goodbye to its clients
