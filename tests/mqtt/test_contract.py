"""What every message channel must do: the same tests for the real one and the one in memory."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from edge_agent.channels.memory import MemoryChannel
from edge_agent.channels.message import Message, each
from tests.mqtt.line import Line, Peer
from tests.servers import Mosquitto


class MemoryEnd:
    """The in-memory channel with the same handles as the real one."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.settled: list[int] = []
        self.channel = MemoryChannel(deliver=each(self.messages.append), settle=self.settled.append)
        self.channel.start()

    async def subscribe(self, filters: dict[str, int]) -> None:
        self.channel.subscribe(filters)

    async def publish(self, topic: str, payload: bytes, qos: int, retain: bool = False) -> None:
        self.channel.publish(topic, payload, qos=qos, retain=retain)

    async def received(self, count: int) -> list[bytes]:
        return [m.payload for m in self.messages]

    async def sent(self, count: int) -> list[bytes]:
        return [letter.payload for letter in self.channel.sent if letter.topic == "out"]

    async def away(self) -> None:
        self.channel.go_away()

    async def back(self) -> None:
        self.channel.come_back()


class RealEnd:
    """The real channel, mosquitto, and a peer that sees what is sent."""

    def __init__(self, line: Line, peer: Peer, broker: Mosquitto) -> None:
        self.line, self.peer, self.broker = line, peer, broker
        self.channel = line.channel
        self.settled = line.settled
        self.subscribe = line.subscribe
        self.received = line.received

    @property
    def messages(self) -> list[Message]:
        return self.line.messages

    async def publish(self, topic: str, payload: bytes, qos: int, retain: bool = False) -> None:
        await self.peer.publish(topic, payload, qos, retain)

    async def sent(self, count: int) -> list[bytes]:
        messages = self.peer.messages  # the broker may repeat the last one it sent before its end
        await self.peer.until(lambda: len({bytes(m.payload) for m in messages}) >= count)
        return list(dict.fromkeys(bytes(m.payload) for m in messages))

    async def away(self) -> None:
        self.broker.stop()
        await self.line.until(lambda: not self.channel.state.connected)

    async def back(self) -> None:
        self.broker.start()
        await self.line.until(lambda: self.channel.state.connected)


Ends = Callable[[], Any]


@pytest.fixture(params=["memory", "mqtt"])
def ends(request: pytest.FixtureRequest, mosquitto: Mosquitto, tmp_path: Path) -> Ends:
    """Makes the channel under test."""

    @asynccontextmanager
    async def make() -> AsyncIterator[MemoryEnd | RealEnd]:
        if request.param == "memory":
            yield MemoryEnd()
            return
        async with Line(mosquitto.port, tmp_path) as line, Peer(mosquitto.port, keep=True) as peer:
            await peer.subscribe("out", 1)
            yield RealEnd(line, peer, mosquitto)

    return make


async def test_messages_of_the_wanted_filters_arrive(ends: Ends) -> None:
    async with ends() as end:
        await end.subscribe({"a/+": 1, "b/#": 0})
        for topic in ("a/x", "c/x", "b/x/y", "a/x/y", "b"):
            await end.publish(topic, topic.encode(), 1)
        assert await end.received(3) == [b"a/x", b"b/x/y", b"b"]
        assert [m.qos for m in end.messages] == [1, 0, 0]


async def test_identities_are_unique(ends: Ends) -> None:
    async with ends() as end:
        await end.subscribe({"a": 1})
        for qos in (0, 1, 1, 0):
            await end.publish("a", b"same", qos)
        await end.received(4)
        assert len({m.id for m in end.messages}) == 4


async def test_qos_1_messages_are_to_be_settled(ends: Ends) -> None:
    async with ends() as end:
        await end.subscribe({"a": 1})
        await end.publish("a", b"1", 1)
        await end.received(1)
        last = end.settled[-1]
        await end.publish("a", b"2", 1)
        await end.received(2)
        assert end.settled[-1] > last


async def test_a_retained_message_comes_with_the_subscription(ends: Ends) -> None:
    async with ends() as end:
        await end.publish("state", b"on", 1, True)
        await end.subscribe({"state": 0})
        assert await end.received(1) == [b"on"]
        assert end.messages[0].retain


async def test_letters_wait_while_the_broker_is_away(ends: Ends) -> None:
    async with ends() as end:
        end.channel.send("out", b"0", qos=1)
        await end.sent(1)
        await end.away()
        for i in range(1, 5):
            end.channel.send("out", str(i), qos=1)
        await end.back()
        assert await end.sent(5) == [b"0", b"1", b"2", b"3", b"4"]


@pytest.mark.parametrize("topic", ["", "a/+", "#", "nul\0", "x" * 65_536])
async def test_a_topic_nobody_may_publish_to_is_refused(ends: Ends, topic: str) -> None:
    async with ends() as end:
        with pytest.raises(ValueError, match=r"topic|wildcards"):
            end.channel.send(topic, b"")


async def test_a_letter_to_a_filter_of_ours_comes_back(ends: Ends) -> None:
    async with ends() as end:
        await end.subscribe({"echo": 1})
        end.channel.send("echo", "grüße", qos=1)
        assert await end.received(1) == ["grüße".encode()]
