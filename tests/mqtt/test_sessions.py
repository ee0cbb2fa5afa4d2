"""What survives a lost connection, a broker that is away, and the end of the process."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mqtt.line import Books, Line, Peer
from tests.servers import Mosquitto

versions = pytest.mark.parametrize("version", [5, "3.1.1"])
Brokers = Callable[..., Mosquitto]
SENDER = """
import asyncio, sys
from pathlib import Path
from tests.mqtt.line import Line

async def main():
    line = Line(int(sys.argv[1]), Path(sys.argv[2]))
    line.channel.start()
    for i in range(100):
        line.channel.send("out", b"%d" % i, qos=1, run=i)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    print("sent", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@versions
async def test_what_was_sent_while_the_broker_was_away_arrives_in_order(
    mosquitto: Mosquitto, tmp_path: Path, version: int | str
) -> None:
    async with Line(mosquitto.port, tmp_path, version=version) as line:
        mosquitto.stop()
        await line.until(lambda: not line.channel.state.connected)
        for i in range(300):
            line.channel.send("out", b"%d" % i, qos=i % 3)
        assert line.channel.figures().queued == 300
        mosquitto.start()
        async with Peer(mosquitto.port) as peer:
            await peer.subscribe("out", 2)
            expected = [b"%d" % i for i in range(300)]
            got = await peer.received(300)
            assert sorted(got, key=int) == expected
        await line.until(lambda: line.channel.state.connected)


async def test_the_queue_outlives_the_agent(brokers: Brokers, tmp_path: Path) -> None:
    broker = brokers()
    broker.stop()
    line = Line(broker.port, tmp_path)
    line.channel.start()
    for i in range(50):
        line.channel.send("out", b"%d" % i, qos=1, run=i)
    await asyncio.sleep(0)
    await line.channel.stop()
    broker.start()
    async with Peer(broker.port) as peer:
        await peer.subscribe("out", 1)
        async with Line(broker.port, tmp_path):
            assert await peer.received(50) == [b"%d" % i for i in range(50)]


@versions
async def test_an_event_not_committed_comes_again_under_the_same_id(
    mosquitto: Mosquitto, tmp_path: Path, version: int | str
) -> None:
    books = Books()
    async with Line(mosquitto.port, tmp_path, books=books, version=version) as line:
        await line.subscribe({"in": 1})
        line.hold = True
        async with Peer(mosquitto.port) as peer:
            for i in range(5):
                await peer.publish("in", b"%d" % i, 1)
        await line.received(5)
        seen = [m.id for m in line.messages]
        line.cut()
    async with Line(mosquitto.port, tmp_path, books=books, version=version) as line:
        line.channel.subscribe({"in": 1})
        assert await line.received(5) == [b"%d" % i for i in range(5)]
        assert [m.id for m in line.messages] == seen


@versions
async def test_a_committed_event_whose_acknowledgement_was_lost_is_not_run_again(
    mosquitto: Mosquitto, tmp_path: Path, version: int | str
) -> None:
    books = Books()
    async with Line(mosquitto.port, tmp_path, books=books, version=version) as line:
        await line.subscribe({"in": 2})
        line.hold = True
        async with Peer(mosquitto.port) as peer:
            await peer.publish("in", b"1", 1)
            await peer.publish("in", b"2", 2)
        await line.received(2)
        line.cut()
        line.commit()
        line.hold = False
        await line.until(lambda: line.channel.state.connected)
        await line.subscribe({})
        assert line.channel.figures().repeats == 2
    async with Line(mosquitto.port, tmp_path, books=books, version=version) as line:
        await line.subscribe({})
        assert line.channel.figures().repeats == 0


async def test_a_backlog_is_told_by_its_age_and_fresh_events_are_not(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    books = Books()
    async with Line(mosquitto.port, tmp_path, books=books) as line, Peer(mosquitto.port) as peer:
        await line.subscribe({"in": 1})
        await line.channel.stop()
        for i in range(100):
            await peer.publish("in", b"%d" % i, 1)
        async with Line(mosquitto.port, tmp_path, books=books) as again:
            await again.received(100)
            assert all(m.age > 0.0 for m in again.messages)
            await again.subscribe({})
            await peer.publish("in", b"fresh", 1)
            await again.received(101)
            assert again.messages[-1].age == 0.0


async def test_the_queue_outlives_a_kill(brokers: Brokers, tmp_path: Path) -> None:
    broker = brokers()
    broker.stop()
    sender = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        SENDER,
        str(broker.port),
        str(tmp_path),
        stdout=asyncio.subprocess.PIPE,
    )
    assert sender.stdout is not None
    assert await sender.stdout.readline() == b"sent\n"
    sender.kill()
    await sender.wait()
    broker.start()
    async with Peer(broker.port) as peer:
        await peer.subscribe("out", 1)
        async with Line(broker.port, tmp_path):
            assert await peer.received(100) == [b"%d" % i for i in range(100)]
