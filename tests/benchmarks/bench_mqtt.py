"""What the MQTT channel costs next to plain paho: messages a second, CPU per 1,000, latency.

Run as `python -m tests.benchmarks.bench_mqtt [MESSAGES]`. A responder answers every message with
one of its own, in a process by itself; a load generator keeps 100 in flight.
"""

# ruff: noqa: T201
from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import uvloop
from paho.mqtt.client import Client, MQTTMessage, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.channels.forgetful import NothingKept
from edge_agent.channels.inbox import Inbox
from edge_agent.channels.message import Message
from edge_agent.channels.mqtt import MqttChannel
from schemas.settings import MqttSettings
from tests.mqtt.line import WallClock
from tests.servers import Mosquitto

WINDOW = 100
BODY = b',"temperature":21.5,"humidity":40.1,"battery":90,"linkquality":120}'
OPTIONS = "max_inflight_messages 1000\nmax_queued_messages 100000"


def channel(port: int, version: str, name: str, home: str, deliver: object) -> MqttChannel:
    """A channel that acknowledges at once."""
    made = MqttChannel(
        MqttSettings(host="127.0.0.1", port=port, version=5 if version == "5" else "3.1.1"),
        agent=f"{name}-{os.getpid()}-{time.time_ns()}",
        home=Path(home),
        clock=WallClock(),
        ledger=NothingKept(),
        deliver=deliver,  # type: ignore[arg-type]
        settle=lambda number: made.ack(number),
    )
    return made


def cpu() -> float:
    """CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def respond(port: int, version: str, qos: int) -> None:
    """Answer with the channel until told to stop."""
    stop = asyncio.Event()
    begun = [0.0]

    def deliver(message: Message) -> None:
        if message.topic == "bench/in":
            line.send("bench/out", message.payload, qos=qos, run=message.id)
        elif message.topic == "bench/begin":
            begun[0] = cpu()
        else:
            stop.set()

    with tempfile.TemporaryDirectory() as home:
        line = channel(port, version, "responder", home, deliver)
        line.subscribe({"bench/in": qos, "bench/begin": 1, "bench/stop": 1})
        line.start()
        await stop.wait()
        print(cpu() - begun[0])
        await line.stop()


def respond_plainly(port: int, version: str, qos: int) -> None:
    """Answer with plain paho until told to stop."""
    begun = [0.0]
    protocol = MQTTv5 if version == "5" else MQTTv311
    client = Client(CallbackAPIVersion.VERSION2, client_id="plain", protocol=protocol)

    def on_message(client: Client, userdata: object, message: MQTTMessage) -> None:
        if message.topic == "bench/in":
            client.publish("bench/out", message.payload, qos)
        elif message.topic == "bench/begin":
            begun[0] = cpu()
        else:
            print(cpu() - begun[0])
            client.disconnect()

    client.on_message = on_message
    client.max_inflight_messages_set(0)
    client.on_connect = lambda client, *_: client.subscribe(
        [("bench/in", qos), ("bench/begin", 1), ("bench/stop", 1)]
    )
    client.connect("127.0.0.1", port)
    client.loop_forever()


async def load(port: int, qos: int, count: int) -> tuple[float, list[float]]:
    """Messages a second in the closed loop, and how long each answer took."""
    sent: dict[int, float] = {}
    took: list[float] = []
    ready, done = asyncio.Event(), asyncio.Event()

    def deliver(message: Message) -> None:
        number = int(message.payload[7 : message.payload.index(b",")])
        if number < 0:
            ready.set()
            return
        took.append(time.perf_counter() - sent.pop(number))
        if len(took) == count:
            done.set()
        elif len(took) + len(sent) < count:
            ask(len(took) + len(sent))

    def ask(number: int) -> None:
        if number >= 0:
            sent[number] = time.perf_counter()
        generator.send("bench/in", b'{"seq":%d%b' % (number, BODY), qos=qos)

    with tempfile.TemporaryDirectory() as home:
        generator = channel(port, "3.1.1", "load", home, deliver)
        generator.subscribe({"bench/out": qos})
        generator.start()
        while not ready.is_set():
            ask(-1)
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.3)
        generator.send("bench/begin", b"", qos=1)
        begun = time.perf_counter()
        for number in range(WINDOW):
            ask(number)
        await done.wait()
        rate = count / (time.perf_counter() - begun)
        generator.send("bench/stop", b"", qos=1)
        await asyncio.sleep(0.2)
        await generator.stop()
    return rate, took


def measure(broker: Mosquitto, kind: str, version: str, qos: int, count: int) -> None:
    """Run one responder under load and print its line."""
    role = [sys.executable, "-m", __spec__.name, kind, str(broker.port), version, str(qos)]
    with subprocess.Popen(role, stdout=subprocess.PIPE, text=True) as responder:
        rate, took = uvloop.run(load(broker.port, qos, count))
        assert responder.stdout is not None
        used = float(responder.stdout.readline()) * 1e6 / count
    took.sort()
    p50, p99 = took[len(took) // 2] * 1e3, took[len(took) * 99 // 100] * 1e3
    print(f"{kind:8} MQTT {version:6} QoS {qos} {rate:8.0f}/s {used:6.1f} ms/1000 "
          f"p50 {p50:6.2f} ms p99 {p99:6.2f} ms")  # fmt: skip


def identities(count: int = 100_000) -> None:
    """Print what an identity costs."""
    inbox = Inbox("hearth-bench", NothingKept())
    payloads = [b'{"seq":%d%b' % (i, BODY) for i in range(count)]
    begun = time.perf_counter()
    for i, payload in enumerate(payloads):
        inbox.identify(i % 65_535 + 1, "zigbee2mqtt/sensor_1", payload, 0, i)
    one = time.perf_counter()
    for _ in payloads:
        inbox.unique()
    zero = time.perf_counter()
    print(f"identity QoS 1 {(one - begun) / count * 1e6:.2f} µs, "
          f"QoS 0 {(zero - one) / count * 1e6:.2f} µs")  # fmt: skip


def main() -> None:
    """Measure everything, or play one responder."""
    if len(sys.argv) > 2:
        kind, port, version, qos = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
        if kind == "channel":
            uvloop.run(respond(port, version, qos))
        else:
            respond_plainly(port, version, qos)
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    identities()
    with tempfile.TemporaryDirectory() as folder:
        broker = Mosquitto(Path(folder), OPTIONS).start()
        for version in ("5", "3.1.1"):
            for qos in (0, 1):
                for kind in ("channel", "paho"):
                    measure(broker, kind, version, qos, count if kind == "channel" else count // 4)
        broker.stop()


if __name__ == "__main__":
    main()
