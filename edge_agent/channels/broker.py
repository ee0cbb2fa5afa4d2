"""The embedded broker for a first run, started and stopped with the agent."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import AsyncExitStack

from msgspec.structs import replace

from edge_agent.child import end
from schemas.settings import Settings

START_TIMEOUT = 10.0
STOP_TIMEOUT = 3.0


class EmbeddedBroker:
    """A broker on loopback, in a process of its own: neither its memory nor its work per message
    weigh on the agent. It speaks MQTT 3.1.1, keeps nothing on disk and lets everybody on this
    machine in. The process lives as long as the pipe to its standard input, so it ends with the
    agent, however the agent ends.
    """

    def __init__(self) -> None:
        self.port = 0
        self._process: Process | None = None

    async def start(self, port: int = 1883) -> int:
        """Start on this port, on a free one if it is taken; returns the port once it listens.

        Raises:
            OSError: the broker did not start.
        """
        program = "edge_agent.channels.broker_process"
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", program, str(port),
            stdin=PIPE, stdout=PIPE, stderr=DEVNULL, start_new_session=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        line = b""
        try:
            async with asyncio.timeout(START_TIMEOUT):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise OSError(f"the embedded broker did not start in {START_TIMEOUT:.0f} s") from None
        finally:
            if not line:
                await self.stop()
        if not line:
            raise OSError("the embedded broker does not start")
        self.port = int(line)
        return self.port

    async def stop(self) -> None:
        """End it; does nothing when it does not run."""
        process, self._process = self._process, None
        if process is not None:
            await end(process, STOP_TIMEOUT)


async def with_broker(settings: Settings, leave: AsyncExitStack) -> Settings:
    """The settings with the address of an embedded broker when they name none.

    Raises:
        OSError: the broker did not start.
    """
    if settings.mqtt.host:
        return settings
    embedded = EmbeddedBroker()
    leave.push_async_callback(embedded.stop)
    port = await embedded.start(settings.mqtt.port)
    return replace(settings, mqtt=replace(settings.mqtt, host="127.0.0.1", port=port))
