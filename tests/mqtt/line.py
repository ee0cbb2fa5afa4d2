"""A channel under test with what surrounds it, and an independent client at the other end."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge_agent.channels.message import ChannelState, Message, each
from edge_agent.channels.mqtt import MqttChannel
from schemas.settings import MqttSettings

PATIENCE = 10.0


class WallClock:
    """The system's time."""

    now = staticmethod(time.time)

    def call_at(self, when: float, callback: Callable[[], None]) -> Any:
        return asyncio.get_running_loop().call_later(when - time.time(), callback)


class Books:
    """What the ledger keeps for the inbox, in memory; outlives the channels of one test."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.proven_count = 0

    def committed(self) -> int:
        return len(self.ids)

    def proven(self) -> int:
        return self.proven_count

    def last_ids(self, number: int) -> Sequence[int]:
        return self.ids[len(self.ids) - number :] if number else []

    def prove(self, number: int) -> None:
        self.proven_count = number

    def last_commit(self) -> float:
        return 0.0


class Line:
    """A channel whose messages are kept in `messages`; commits at once unless `hold` is set."""

    def __init__(
        self, port: int, home: Path, *, books: Books | None = None, **settings: Any
    ) -> None:
        self.messages: list[Message] = []
        self.states: list[ChannelState] = []
        self.books = books or Books()
        self.hold = False
        self.settled: list[int] = []
        self.number = 0
        self._asked = 0
        self._wanted: dict[str, int] = {}
        self._fresh: list[int] = []
        self._changed = asyncio.Event()
        settings = {"host": "127.0.0.1", "port": port, **settings}
        self.channel = MqttChannel(
            MqttSettings(**settings),
            agent="here",
            home=home,
            clock=WallClock(),
            ledger=self.books,
            deliver=each(self._deliver),
            settle=self._settle,
            on_state=self._state,
        )

    async def __aenter__(self) -> Self:
        self.channel.start()
        await self.until(lambda: self.channel.state.connected)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.channel.stop()

    def _deliver(self, message: Message) -> None:
        self.messages.append(message)
        if message.qos:
            self._fresh.append(message.id)
        self._changed.set()

    def _settle(self, number: int) -> None:
        self.settled.append(number)
        self.number = number
        if not self.hold:
            self.commit()

    def commit(self) -> None:
        """Make everything so far durable and acknowledge it."""
        self.channel.checkpoint()
        self.books.ids += self._fresh
        self._fresh.clear()
        self.channel.ack(self.number)

    async def subscribe(self, filters: Mapping[str, int]) -> None:
        """Want these filters too, and wait until the broker has taken them."""
        self._wanted |= filters
        self._asked += 1
        ready = f"ready/{self._asked}"
        self.channel.subscribe({**self._wanted, ready: 1})
        self.channel.send(ready, b"", qos=1)
        await self.until(lambda: any(m.topic == ready for m in self.messages))
        self.messages = [m for m in self.messages if m.topic != ready]

    async def unsubscribe(self, name: str) -> None:
        """Want this filter no longer, and wait until the broker knows."""
        del self._wanted[name]
        await self.subscribe({})

    def cut(self) -> None:
        """Break the connection as a crash would."""
        self.channel._client.drop()

    def _state(self, state: ChannelState) -> None:
        self.states.append(state)
        self._changed.set()

    async def until(self, happened: Callable[[], object]) -> None:
        """Wait until something this line can see has happened."""
        async with asyncio.timeout(PATIENCE):
            while not happened():
                self._changed.clear()
                await self._changed.wait()

    async def received(self, count: int) -> list[bytes]:
        """The payloads, once there are `count` of them."""
        await self.until(lambda: len(self.messages) >= count)
        return [m.payload for m in self.messages]

    def tick(self) -> None:
        """A second has passed."""
        self.channel._tick()

    async def stated(self) -> None:
        """Wait until the channel has said something about itself."""
        await self.until(lambda: self.states)


class Peer:
    """Plain paho at the other end: publishes, and keeps what it is sent.

    With `keep` its session survives the broker's restart.
    """

    def __init__(
        self, port: int, *, version: int = 5, name: str = "peer", keep: bool = False, **auth: str
    ) -> None:
        self.messages: list[MQTTMessage] = []
        self._granted: set[int] = set()
        self._published: set[int] = set()
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        protocol = MQTTv5 if version == 5 else MQTTv311
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=protocol)
        if auth:
            self._client.username_pw_set(auth["username"], auth["password"])
        self._client.on_message = self._on_message
        self._client.on_connect = lambda *_: self._tell()
        self._client.on_subscribe = self._on_subscribe
        self._client.on_publish = self._on_publish
        self._client.max_inflight_messages_set(0)
        self._client.reconnect_delay_set(1, 1)
        self._port = port
        self._options: dict[str, Any] = {}
        if keep:
            expiry = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            expiry.SessionExpiryInterval = 600
            self._options = {"clean_start": False, "properties": expiry}

    async def __aenter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port, **self._options)
        self._client.loop_start()
        await self.until(self._client.is_connected)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        self.messages.append(message)
        self._tell()

    def _on_subscribe(self, client: Client, userdata: Any, mid: int, *_: Any) -> None:
        self._granted.add(mid)
        self._tell()

    def _on_publish(self, client: Client, userdata: Any, mid: int, *_: Any) -> None:
        self._published.add(mid)
        self._tell()

    def _tell(self) -> None:
        self._loop.call_soon_threadsafe(self._changed.set)

    patience = PATIENCE

    async def until(self, happened: Callable[[], object]) -> None:
        """Wait until something this peer can see has happened."""
        async with asyncio.timeout(self.patience):
            while not happened():
                self._changed.clear()
                await self._changed.wait()

    def connected(self) -> bool:
        """Whether the broker has let it in."""
        return self._client.is_connected()

    async def subscribe(self, name: str, qos: int = 0) -> None:
        """Subscribe and wait for the broker's answer."""
        asked = self._client.subscribe(name, qos)[1]
        await self.until(lambda: asked in self._granted)

    async def publish(
        self, topic: str, payload: bytes = b"", qos: int = 0, retain: bool = False
    ) -> None:
        """Publish and wait until the broker has it (QoS 1 and 2)."""
        mid = self._client.publish(topic, payload, qos, retain).mid
        await self.until(lambda: mid in self._published)
        self._published.discard(mid)

    async def received(self, count: int) -> list[bytes]:
        """The payloads, once there are `count` of them."""
        await self.until(lambda: len(self.messages) >= count)
        return [bytes(m.payload) for m in self.messages]
