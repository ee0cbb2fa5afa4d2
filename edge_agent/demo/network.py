"""Connects the simulated devices to a broker, as Zigbee2MQTT would be connected."""

import asyncio
from pathlib import Path

from edge_agent.channels.forgetful import NothingKept
from edge_agent.channels.message import each
from edge_agent.channels.mqtt import MqttChannel
from edge_agent.demo.devices import COMMANDS, SimulatedDevices
from pipelines.ports import Clock
from schemas.settings import MqttSettings

NAME = "demo-devices"


async def simulate(host: str, port: int, *, folder: Path, clock: Clock) -> None:
    """Play the devices at a broker until cancelled; `folder` is where the channel may write."""
    online = asyncio.Event()
    channel = MqttChannel(
        MqttSettings(host=host, port=port, client_id=NAME),
        agent=NAME,
        home=folder,
        clock=clock,
        ledger=NothingKept(),
        deliver=each(lambda message: devices.received(message.topic, message.payload)),
        settle=lambda number: channel.ack(number),
        on_state=lambda state: online.set() if state.connected else online.clear(),
    )
    devices = SimulatedDevices(
        lambda topic, payload, retain: channel.send(topic, payload, retain=retain)
    )
    channel.subscribe({COMMANDS: 0})
    channel.start()
    try:
        await online.wait()
        devices.announce()
        await devices.play()
    finally:
        await channel.stop()
