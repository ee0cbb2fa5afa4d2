"""Listening to every topic of a broker for a while: devices nobody has named yet."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from edge_agent.channels.forgetful import NothingKept
from edge_agent.channels.message import ChannelState, Message, each
from edge_agent.channels.mqtt import MqttChannel
from edge_agent.cli.problems import Outside
from edge_agent.clock import SystemClock
from edge_agent.devices.profiles import load_profiles
from edge_agent.devices.registry import Registry
from edge_agent.views.devices import DevicesView
from firmware_profiles.payloads import parse
from firmware_profiles.profiles import Profiles
from pipelines.settings import load_devices
from schemas.api import DeviceView
from schemas.event import Event
from schemas.settings import MqttSettings, Settings

PREFIX_LEVELS = 2


class Found(Struct, frozen=True):
    """What a scan heard: devices, and how many topics below which prefix belong to no profile."""

    devices: Sequence[DeviceView]
    unknown: dict[str, int]


async def scan(home: Path, settings: Settings, mqtt: MqttSettings, seconds: float) -> Found:
    """Listen for some seconds.

    Raises:
        Outside: the broker cannot be reached.
    """
    logging.getLogger("edge_agent").addHandler(logging.NullHandler())
    scanner = Scanner(home, settings, mqtt)
    await scanner.listen(seconds)
    return Found(await DevicesView(scanner.registry).all(), scanner.unknown())


class Scanner:
    """A second pair of ears at the broker; its devices are forgotten with it."""

    def __init__(self, home: Path, settings: Settings, mqtt: MqttSettings) -> None:
        name = f"{settings.agent.name}-scan"
        self._clock = SystemClock()
        self._profiles = Profiles(load_profiles(home)[0], ZoneInfo(settings.agent.time_zone))
        self.registry = Registry(
            load_devices(home)[0], encode=self._profiles.encode, send=lambda publication, run: None
        )
        self._heard = asyncio.Event()
        self._channel = MqttChannel(
            msgspec.structs.replace(mqtt, client_id=f"hearth-{name}"),
            agent=name,
            home=home / "data" / "scan",
            clock=self._clock,
            ledger=NothingKept(),
            deliver=each(self._hear),
            settle=lambda number: self._channel.ack(number),
            on_state=self._on_state,
        )

    async def listen(self, seconds: float) -> None:
        """Hear every topic; the subscription ends with it."""
        self._channel.subscribe({"#": 0})
        self._channel.start()
        try:
            await asyncio.wait_for(self._heard.wait(), max(5.0, seconds))
            await asyncio.sleep(seconds)
            self._channel.subscribe({})
        except TimeoutError:
            raise Outside(f"the broker: {self._channel.state.reason}") from None
        finally:
            await self._channel.stop()

    def unknown(self) -> dict[str, int]:
        """How many topics below each prefix belong to no profile, most first."""
        prefixes = Counter(
            "/".join(topic.split("/")[:PREFIX_LEVELS])
            for topic in self._profiles.unknown
            if not topic.startswith(("$SYS", "hearth/"))
        )
        return dict(prefixes.most_common())

    def _on_state(self, state: ChannelState) -> None:
        if state.connected:
            self._heard.set()

    def _hear(self, message: Message) -> None:
        payload = parse(message.payload)
        decoded = self._profiles.decode(message.topic, message.payload, payload, message.retain)
        if decoded is not None:
            now = self._clock.now()
            self.registry.apply(
                decoded, Event(message.id, decoded.ts or now, now, "mqtt", message.topic)
            )
