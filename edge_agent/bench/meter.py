"""The load and its measure: events in at a broker, the agent's actions out, timed one by one."""

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Self

import msgspec
from msgspec import Struct

from edge_agent.channels.forgetful import NothingKept
from edge_agent.channels.message import ChannelState, Message, each
from edge_agent.channels.mqtt import MqttChannel
from edge_agent.clock import SystemClock
from schemas.settings import MqttSettings

SENSORS = 10
DRAIN_SECONDS = 3.0
_PAYLOAD = (
    '{"temperature":%.1f,"humidity":41.5,"battery":87,"linkquality":120,"voltage":3005,"seq":%d}'
)


class Load(Struct, frozen=True):
    """What one load gave; times in milliseconds."""

    sent: int
    seconds: float
    p50_ms: float
    p99_ms: float
    lost: int


class _Action(Struct):
    seq: int


class Meter:
    """One client that sends events and hears `act/#`."""

    def __init__(self, host: str, port: int, folder: Path) -> None:
        self._waiting: dict[int, float] = {}
        self._took: list[float] = []
        self._sequence = 0
        self._online, self._news = asyncio.Event(), asyncio.Event()
        self._channel = MqttChannel(
            MqttSettings(host=host, port=port, client_id="hearth-meter"),
            agent="meter",
            home=folder,
            clock=SystemClock(),
            ledger=NothingKept(),
            deliver=each(self._heard),
            settle=lambda number: self._channel.ack(number),
            on_state=self._on_state,
        )

    async def __aenter__(self) -> Self:
        """Connect."""
        self._channel.subscribe({"act/#": 0})
        self._channel.start()
        await self._online.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self._channel.stop()

    async def first_action(self) -> None:
        """Send until the agent acts."""
        while not self._took:
            self._send(time.perf_counter(), qos=0)
            await asyncio.sleep(0.02)

    async def steady(self, rate: float, seconds: float, *, qos: int) -> Load:
        """Events at a fixed rate; each is timed from when it was due."""
        begun = self._begin()
        for number in range(int(rate * seconds)):
            due = begun + number / rate
            if (ahead := due - time.perf_counter()) > 0:
                await asyncio.sleep(ahead)
            self._send(due, qos=qos)
        return await self._measured(begun)

    async def closed(self, window: int, seconds: float, *, qos: int) -> Load:
        """As many events as the agent takes with `window` of them under way."""
        begun = self._begin()
        while (now := time.perf_counter()) < begun + seconds:
            for _ in range(window - len(self._waiting)):
                self._send(now, qos=qos)
            await self._next(DRAIN_SECONDS)
        return await self._measured(begun)

    def _begin(self) -> float:
        self._took, self._waiting = [], {}
        return time.perf_counter()

    async def _measured(self, begun: float) -> Load:
        seconds = time.perf_counter() - begun
        sent = len(self._took) + len(self._waiting)
        await self._drained()
        took = sorted(self._took) or [float("nan")]
        p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
        return Load(sent, seconds, p50 * 1000, p99 * 1000, len(self._waiting))

    async def _drained(self) -> None:
        """Wait for the actions still to come; what does not come is lost."""
        with contextlib.suppress(TimeoutError):
            while self._waiting:
                await self._next(DRAIN_SECONDS)

    async def _next(self, seconds: float) -> None:
        self._news.clear()
        await asyncio.wait_for(self._news.wait(), seconds)

    def _send(self, due: float, *, qos: int) -> None:
        self._sequence = number = self._sequence + 1
        self._waiting[number] = due
        payload = _PAYLOAD % (25.1 + number % 90 / 10, number)
        self._channel.send(f"zigbee2mqtt/sensor_{number % SENSORS}", payload, qos=qos)

    def _heard(self, message: Message) -> None:
        number = msgspec.json.decode(message.payload, type=_Action).seq
        due = self._waiting.pop(number, None)
        if due is not None:
            self._took.append(time.perf_counter() - due)
        self._news.set()

    def _on_state(self, state: ChannelState) -> None:
        if state.connected:
            self._online.set()
