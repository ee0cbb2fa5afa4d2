"""What the whole agent costs a message: socket, profile, pipeline, answer, ledger.

Run as `python -m tests.benchmarks.bench_edge [MESSAGES]`. A stand-in for the broker, in a process
by itself, keeps some messages under way; what counts is the agent's CPU alone.
"""

# ruff: noqa: T201
from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import tempfile
import time
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import uvloop

from edge_agent.channels.mqtt_wire import publish_packet, read_length, topic_field
from edge_agent.main import Agent
from pipelines.settings import load_settings

UNDER_WAY, ROUNDS = 50, 60
PACKET_IDS = 60_000
SETTINGS = """\
agent: {{name: bench}}
mqtt: {{host: 127.0.0.1, port: {port}}}
gateway: {{enabled: false}}
prefect: {{server: none}}
log: {{level: error}}
"""
PIPELINE = """\
id: bench
mode: parallel
max: 1000
triggers: [{{mqtt: {{topic: zigbee2mqtt/+, qos: {qos}}}}}]
conditions: ["{{{{ trigger.payload.temperature > 25 and trigger.payload.battery > 10 }}}}"]
steps:
  - publish:
      topic: "act/{{{{ trigger.topic.split('/')[1] }}}}"
      qos: {qos}
      payload:
        seq: "{{{{ trigger.payload.seq }}}}"
        f: "{{{{ (trigger.payload.temperature * 9 / 5 + 32) | round(1) }}}}"
"""
CONNACK = b"\x20\x03\x00\x00\x00"
PINGRESP = b"\xd0\x00"


class Broker:
    """The broker's end of one connection: takes everything, and keeps messages coming."""

    def __init__(self, listener: socket.socket, qos: int) -> None:
        self._sock = listener.accept()[0]
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._qos = qos
        self._rest = b""
        self._sent = 0

    def serve(self) -> None:
        """Play until the process is ended."""
        asked = False
        while True:
            out = []
            for packet in self._packets():
                kind = packet[0] & 0xF0
                if kind == 0x10:
                    out.append(CONNACK)
                elif kind == 0x80:
                    _, at = read_length(packet, 1)
                    out.append(b"\x90\x04" + packet[at : at + 2] + b"\x00\x01")
                    if not asked:
                        out += [self._message() for _ in range(UNDER_WAY)]
                        asked = True
                elif kind == 0xC0:
                    out.append(PINGRESP)
                elif kind == 0x30 and b"act/" in packet[:12]:
                    out.append(self._message())
                    if self._qos:
                        _, at = read_length(packet, 1)
                        after = at + 2 + int.from_bytes(packet[at : at + 2])
                        out.append(b"\x40\x02" + packet[after : after + 2])
            self._sock.sendall(b"".join(out))

    def _message(self) -> bytes:
        self._sent = n = self._sent + 1
        body = b'{"temperature":%d.%d,"humidity":%d.%d,"battery":%d,"linkquality":%d,"seq":%d}' % (
            26 + n % 9, n % 10, 30 + n % 50, n % 7, 20 + n % 70, 40 + n % 200, n,
        )  # fmt: skip
        topic = topic_field(f"zigbee2mqtt/sensor_{n % 10}")
        return publish_packet(0x30 | self._qos << 1, topic, n % PACKET_IDS + 1, b"\x00", body)

    def _packets(self) -> list[bytes]:
        data = self._rest + self._sock.recv(1 << 20)
        packets, at = [], 0
        while len(data) - at >= 2:
            length, begin = read_length(data, at + 1)
            if not begin or begin + length > len(data):
                break
            packets.append(data[at : begin + length])
            at = begin + length
        self._rest = data[at:]
        return packets


def play(listener: socket.socket, qos: int) -> None:
    """The other process."""
    with contextlib.suppress(ConnectionError):  # the agent is gone
        Broker(listener, qos).serve()


async def measure(home: Path, count: int) -> tuple[float, float]:
    """Microseconds of CPU a message: of the loop's thread in its quietest round, of the others."""
    agent = Agent(home, load_settings(home, {})[0], {}, "bench")
    await agent.start()
    runs = agent.engine.lanes["bench"].counts
    marks: list[tuple[float, float, float]] = []
    while len(marks) <= ROUNDS:
        await asyncio.sleep(0.005)
        if runs.completed >= count // ROUNDS * (len(marks) + 1):
            marks.append((runs.completed, time.thread_time(), time.process_time()))
    await agent.stop()
    loop = min((b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(marks))
    first, last = marks[0], marks[-1]
    others = (last[2] - first[2] - last[1] + first[1]) / (last[0] - first[0])
    return loop * 1e6, others * 1e6


def cost(qos: int, count: int) -> tuple[float, float]:
    """Measure one agent against one broker."""
    server = socket.create_server(("127.0.0.1", 0))
    with tempfile.TemporaryDirectory() as folder, server as listener:
        home = Path(folder)
        (home / "pipelines").mkdir()
        (home / "hearth.yaml").write_text(SETTINGS.format(port=listener.getsockname()[1]))
        (home / "pipelines" / "bench.yaml").write_text(PIPELINE.format(qos=qos))
        broker = get_context("fork").Process(target=play, args=(listener, qos))
        broker.start()
        try:
            return uvloop.run(measure(home, count))
        finally:
            broker.kill()
            broker.join()


if __name__ == "__main__":
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 40_000
    for level in (0, 1):
        loop, others = cost(level, messages)
        print(f"QoS {level}: {loop:5.1f} µs a message on the loop, {others:5.1f} elsewhere")
