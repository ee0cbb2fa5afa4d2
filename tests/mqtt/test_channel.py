"""Messages in and out, against a real broker."""

import os
from pathlib import Path

import pytest

from tests.mqtt.line import Line, Peer
from tests.servers import Mosquitto

versions = pytest.mark.parametrize("version", [5, "3.1.1"])


@versions
@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_a_message_arrives_and_an_answer_leaves(
    mosquitto: Mosquitto, tmp_path: Path, version: int | str, qos: int
) -> None:
    async with (
        Line(mosquitto.port, tmp_path, version=version) as line,
        Peer(mosquitto.port) as peer,
    ):
        await peer.subscribe("out/#", 2)
        await line.subscribe({"in/+": 2})
        await peer.publish("in/a", b"hello", qos)
        await line.received(1)
        message = line.messages[0]
        assert (message.topic, message.payload, message.qos) == ("in/a", b"hello", qos)
        line.channel.send("out/a", "grüße", qos=qos, run=7)
        assert await peer.received(1) == ["grüße".encode()]
        assert peer.messages[0].qos == qos


async def test_with_mqtt_5_an_effect_names_its_run(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with Line(mosquitto.port, tmp_path) as line, Peer(mosquitto.port) as peer:
        await peer.subscribe("out")
        line.channel.send("out", b"x", run=0x0123456789AB8DEF8123456789ABCDEF)
        line.channel.send("out", b"y")
        await peer.received(2)
        first, second = peer.messages
        assert first.properties is not None
        assert second.properties is not None
        expected = ("run", "01234567-89ab-8def-8123-456789abcdef")
        assert vars(first.properties)["UserProperty"] == [expected]
        assert not hasattr(second.properties, "UserProperty")


@versions
async def test_payloads_of_any_bytes_and_size_pass(
    mosquitto: Mosquitto, tmp_path: Path, version: int | str
) -> None:
    payloads = [
        b"",
        bytes(range(256)),
        b"\xff" * 127,
        b"x" * 16_400,
        os.urandom(10 * 2**20),
        b"end",
    ]
    async with Line(mosquitto.port, tmp_path, version=version) as line:
        await line.subscribe({"echo": 1})
        for payload in payloads:
            line.channel.send("echo", payload, qos=1)
        assert await line.received(len(payloads)) == payloads


async def test_odd_topics_pass(mosquitto: Mosquitto, tmp_path: Path) -> None:
    topics = ["/", "a//b", " ", "größe/温度/🌡", "x" * 60_000, "a/" * 190 + "z", "$notsys/x"]
    async with Line(mosquitto.port, tmp_path) as line, Peer(mosquitto.port) as peer:
        await line.subscribe({"#": 0, "$notsys/#": 0})
        for topic in topics:
            await peer.publish(topic, b"", 1)
        await line.until(lambda: line.messages and line.messages[-1].topic == topics[-1])
        assert [m.topic for m in line.messages if m.topic[:6] != "hearth"] == topics


@pytest.mark.parametrize("topic", ["", "a/+", "#", "a/#", "nul\0", "x" * 65_536])
async def test_a_topic_nobody_may_publish_to_is_refused_with_words(
    mosquitto: Mosquitto, tmp_path: Path, topic: str
) -> None:
    line = Line(mosquitto.port, tmp_path)
    with pytest.raises(ValueError, match=r"topic|wildcards"):
        line.channel.send(topic, b"")


async def test_a_retained_message_is_marked(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with Peer(mosquitto.port) as peer:
        await peer.publish("state", b"on", 1, retain=True)
        async with Line(mosquitto.port, tmp_path) as line:
            line.channel.subscribe({"state": 0})
            await line.received(1)
            assert line.messages[0].retain


@versions
async def test_the_status_is_online_then_offline_also_after_a_crash(
    mosquitto: Mosquitto, tmp_path: Path, version: int | str
) -> None:
    async with Peer(mosquitto.port) as peer:
        await peer.subscribe("hearth/here/status", 1)
        line = Line(mosquitto.port, tmp_path, version=version)
        async with line:
            assert await peer.received(1) == [b"online"]
        assert await peer.received(2) == [b"online", b"offline"]
        async with Line(mosquitto.port, tmp_path, version=version) as line:
            await peer.received(3)
            line.cut()
            assert (await peer.received(4))[3] == b"offline"
    async with Peer(mosquitto.port) as late:
        await late.subscribe("hearth/here/status")
        await late.received(1)
        assert late.messages[0].retain


async def test_overlapping_filters_deliver_once(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with Line(mosquitto.port, tmp_path) as line, Peer(mosquitto.port) as peer:
        await line.subscribe({"a/#": 0, "a/+/c": 1, "a/b/c": 1, "x": 0})
        await peer.publish("a/b/c", b"once", 1)
        await peer.publish("x", b"end", 1)
        assert await line.received(2) == [b"once", b"end"]


@versions
async def test_crossing_filters_deliver_once(
    mosquitto: Mosquitto, tmp_path: Path, version: int | str
) -> None:
    async with (
        Line(mosquitto.port, tmp_path, version=version) as line,
        Peer(mosquitto.port) as peer,
    ):
        await line.subscribe({"a/+/c": 1, "a/b/+": 0, "+/b/c": 0, "x/#": 0})
        for payload in (b"on", b"on", b"off", b"on"):
            await peer.publish("a/b/c", payload, 1)
            await peer.publish("a/b/c", payload, 0)
        await peer.publish("x/end", b"end", 1)
        expected = [b"on"] * 4 + [b"off"] * 2 + [b"on"] * 2 + [b"end"]
        assert await line.received(9) == expected


async def test_a_filter_no_longer_wanted_is_given_back(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with Line(mosquitto.port, tmp_path) as line, Peer(mosquitto.port) as peer:
        await line.subscribe({"a": 0, "b": 0})
        await line.unsubscribe("a")
        await peer.publish("a", b"1", 1)
        await peer.publish("b", b"2", 1)
        assert await line.received(1) == [b"2"]
