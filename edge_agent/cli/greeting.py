"""One CONNECT to a broker and its answer: MQTT 5 tells what it allows."""

import asyncio
import os
import socket
import struct
from pathlib import Path

from msgspec import Struct

from edge_agent.channels.message import ChannelState
from edge_agent.channels.mqtt_connect import Dialer
from schemas.settings import MqttSettings

ANSWER_SECONDS = 5.0
DEFAULT_IN_FLIGHT = 65_535
_RECEIVE_MAXIMUM = 0x21
_REASONS = {
    0x04: "user name or password is wrong", 0x05: "not allowed to connect",
    0x84: "the broker does not speak MQTT 5", 0x01: "the broker does not speak MQTT 5",
    0x86: "user name or password is wrong", 0x87: "not allowed to connect",
    0x88: "the broker is not available", 0x89: "the broker is busy", 0x8A: "banned",
}  # fmt: skip
# Lengths of MQTT 5 property values by identifier (specification, 2.2.2.2), in CONNACK.
_FIXED = {0x11: 4, 0x13: 2, 0x21: 2, 0x22: 2, 0x24: 1, 0x25: 1, 0x27: 4, 0x28: 1, 0x29: 1, 0x2A: 1}


class Welcome(Struct, frozen=True):
    """The broker accepted; it takes `in_flight` unacknowledged messages at once."""

    in_flight: int


class Unreachable(Exception):
    """No connection; the state says why."""

    def __init__(self, state: ChannelState) -> None:
        super().__init__(state.reason)
        self.state = state


async def greet(settings: MqttSettings, home: Path) -> Welcome | ChannelState:
    """Connect once with an own client id and leave again."""
    loop = asyncio.get_running_loop()
    try:
        sock: socket.socket = await anext(Dialer(settings, home).sockets(_give_up))
    except Unreachable as failure:
        return failure.state
    try:
        await loop.sock_sendall(sock, hello(settings, f"hearth-doctor-{os.getpid()}"))
        async with asyncio.timeout(ANSWER_SECONDS):
            return read_answer(await loop.sock_recv(sock, 4096))
    except (OSError, TimeoutError) as error:
        return ChannelState(False, f"no answer from the broker: {error or 'too slow'}")
    finally:
        sock.close()


def _give_up(state: ChannelState) -> None:
    raise Unreachable(state)


def hello(settings: MqttSettings, client_id: str) -> bytes:
    """An MQTT 5 CONNECT with a clean start."""
    name, password = settings.username, settings.password
    flags = 0x02 | (0x80 if name else 0) | (0x40 if password else 0)
    fields = [client_id, *filter(None, (name, password))]
    body = _text("MQTT") + bytes([5, flags]) + struct.pack(">HB", 30, 0)
    body += b"".join(map(_text, fields))
    return b"\x10" + _length(len(body)) + body


def read_answer(packet: bytes) -> Welcome | ChannelState:
    """What a CONNACK says."""
    if len(packet) < 4 or packet[0] != 0x20:
        return ChannelState(False, "what answers there is no MQTT broker")
    if packet[3]:
        reason = _REASONS.get(packet[3], f"reason {packet[3]:#x}")
        return ChannelState(False, f"the broker refuses: {reason}", "mqtt: section of hearth.yaml")
    return Welcome(_receive_maximum(packet[4:]))


def _receive_maximum(properties: bytes) -> int:
    """Of a CONNACK's properties, those of known length before it; else the default."""
    rest = properties[1:]
    while rest and (size := _FIXED.get(rest[0])):
        if rest[0] == _RECEIVE_MAXIMUM:
            return int.from_bytes(rest[1:3])
        rest = rest[1 + size :]
    return DEFAULT_IN_FLIGHT


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">H", len(data)) + data


def _length(size: int) -> bytes:
    """A variable byte integer (specification, 1.5.5)."""
    digits = bytearray()
    while True:
        size, digit = divmod(size, 128)
        digits.append(digit | (0x80 if size else 0))
        if not size:
            return bytes(digits)
