"""The embedded broker: it finds a port, serves the channel, and never outlives the agent."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from edge_agent.channels.broker import EmbeddedBroker
from tests.mqtt.line import Line
from tests.servers import free_port

PARENT = """
import asyncio, signal
from edge_agent.channels.broker import EmbeddedBroker

async def main():
    broker = EmbeddedBroker()
    print(await broker.start(0), broker._process.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def listeners() -> str:
    """The kernel's list of TCP sockets."""
    return Path("/proc/net/tcp").read_text(encoding="ascii")


@contextlib.asynccontextmanager
async def embedded(port: int = 0) -> AsyncIterator[EmbeddedBroker]:
    broker = EmbeddedBroker()
    await broker.start(port)
    try:
        yield broker
    finally:
        await broker.stop()


async def test_it_takes_the_port_it_is_asked_for_else_a_free_one() -> None:
    port = free_port()
    async with embedded(port) as broker:
        assert broker.port == port
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        async with embedded(taken) as broker:
            assert broker.port not in (0, taken)


async def test_it_is_reachable_on_loopback_only() -> None:
    async with embedded() as broker:
        listening = listeners()
        assert f"0100007F:{broker.port:04X} 00000000:0000 0A" in listening
        assert f"00000000:{broker.port:04X} 00000000:0000 0A" not in listening


async def test_the_channel_speaks_with_it_although_it_knows_no_mqtt_5(tmp_path: Path) -> None:
    async with embedded() as broker, Line(broker.port, tmp_path, version=5) as line:
        await line.subscribe({"echo/#": 1})
        for i in range(50):
            line.channel.send("echo/a", b"%d" % i, qos=1, run=i)
        assert await line.received(50) == [b"%d" % i for i in range(50)]


async def test_it_ends_when_the_agent_is_killed() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    port, pid = (int(word) for word in (await parent.stdout.readline()).split())
    gone = os.pidfd_open(pid)
    socket.create_connection(("127.0.0.1", port)).close()
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(gone, ended.set)
    async with asyncio.timeout(5):
        await ended.wait()
    asyncio.get_running_loop().remove_reader(gone)
    os.close(gone)
