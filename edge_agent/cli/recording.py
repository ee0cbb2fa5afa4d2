"""MQTT messages written down as they come: a JSON object a line, as `hearth replay` plays them."""

import asyncio
import base64
import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from edge_agent.channels.forgetful import NothingKept
from edge_agent.channels.message import ChannelState, Message, each
from edge_agent.channels.mqtt import MqttChannel
from edge_agent.cli.problems import Outside
from edge_agent.clock import SystemClock
from flows.topics import TopicTree
from schemas.replays import Recorded
from schemas.settings import MqttSettings, Settings

_CONNECT_SECONDS = 5.0

Write = Callable[[Recorded], None]


def line(recorded: Recorded) -> bytes:
    """One line of a recording."""
    return msgspec.json.encode(recorded) + b"\n"


async def listen(
    home: Path,
    settings: Settings,
    mqtt: MqttSettings,
    write: Write,
    *,
    topic: str,
    seconds: float | None,
) -> None:
    """Write what comes on topics of a filter, for some seconds or until cancelled.

    Raises:
        Outside: the broker cannot be reached.
        OSError: writing failed.
    """
    logging.getLogger("edge_agent").addHandler(logging.NullHandler())
    name, clock, online = f"{settings.agent.name}-record", SystemClock(), asyncio.Event()

    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    wanted: TopicTree[bool] = TopicTree()
    wanted.add(topic, True)

    def hear(message: Message) -> None:
        if not wanted.match(message.topic) or message.topic.startswith(f"hearth/{name}/"):
            return
        try:
            write(_recorded(message, clock.now()))
        except OSError as error:
            if not failed.done():
                failed.set_exception(error)

    def notice(state: ChannelState) -> None:
        if state.connected:
            online.set()

    channel = MqttChannel(
        msgspec.structs.replace(mqtt, client_id=f"hearth-{name}"),
        agent=name,
        home=home / "data" / "record",
        clock=clock,
        ledger=NothingKept(),
        deliver=each(hear),
        settle=lambda number: channel.ack(number),
        on_state=notice,
    )
    channel.subscribe({topic: 0})
    channel.start()
    try:
        await asyncio.wait_for(online.wait(), _CONNECT_SECONDS)
        await asyncio.wait_for(failed, seconds)
    except TimeoutError:
        if not online.is_set():
            raise Outside(f"the broker: {channel.state.reason}") from None
    finally:
        channel.subscribe({})
        await channel.stop()


def _recorded(message: Message, now: float) -> Recorded:
    try:
        payload, binary = message.payload.decode(), False
    except UnicodeDecodeError:
        payload, binary = base64.b64encode(message.payload).decode(), True
    return Recorded(now, message.topic, payload, message.retain, message.qos, binary)
