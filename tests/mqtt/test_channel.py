"""The channel against a real broker: connecting, messages in and out, sessions, queues."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.settings import TlsSettings
from tests.mqtt.line import Books, Line, Peer
from tests.servers import Certificates, Mosquitto, password_file

versions = pytest.mark.parametrize("version", [5, "3.1.1"])
Brokers = Callable[..., Mosquitto]


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
            assert all(m.age > 1e9 for m in again.messages)
            await again.subscribe({})
            await peer.publish("in", b"fresh", 1)
            await again.received(101)
            assert again.messages[-1].age == 0.0


async def test_a_password_is_sent_and_a_wrong_one_explained(
    brokers: Brokers, tmp_path: Path
) -> None:
    broker = brokers(f"password_file {password_file(tmp_path, 'hearth', 'right')}")
    async with Line(broker.port, tmp_path / "a", username="hearth", password="right"):
        pass
    for version in (5, "3.1.1"):
        line = Line(
            broker.port, tmp_path / "b", version=version, username="hearth", password="wrong"
        )
        line.channel.start()
        await line.stated()
        assert "mqtt.password" in line.states[0].hint
        await line.channel.stop()


def _tls_options(certificates: Certificates, *, client: bool = False) -> str:
    folder = certificates.folder
    lines = [f"cafile {certificates.ca}", f"certfile {folder}/server.pem"]
    lines += [f"keyfile {folder}/server.key", f"require_certificate {str(client).lower()}"]
    return "\n".join(lines)


async def test_tls_with_our_own_ca_and_a_client_certificate(
    brokers: Brokers, certificates: Certificates, tmp_path: Path
) -> None:
    broker = brokers(_tls_options(certificates, client=True))
    folder = certificates.folder
    tls = TlsSettings(
        ca=str(certificates.ca), cert=f"{folder}/client.pem", key=f"{folder}/client.key"
    )
    payload = os.urandom(3 * 2**20)
    async with Line(broker.port, tmp_path, tls=tls) as line:
        await line.subscribe({"echo": 1})
        for part in (payload, b"1", b"2"):
            line.channel.send("echo", part, qos=1)
        assert await line.received(3) == [payload, b"1", b"2"]


async def test_a_certificate_we_do_not_trust_is_explained(
    brokers: Brokers, certificates: Certificates, tmp_path: Path
) -> None:
    broker = brokers(_tls_options(certificates))
    line = Line(broker.port, tmp_path, tls=True)
    line.channel.start()
    await line.stated()
    assert "certificate" in line.states[0].reason
    assert "mqtt.tls.ca" in line.states[0].hint
    await line.channel.stop()


async def test_tls_towards_a_plain_port_is_explained(mosquitto: Mosquitto, tmp_path: Path) -> None:
    line = Line(mosquitto.port, tmp_path, tls=True)
    line.channel.start()
    await line.stated()
    assert "TLS" in line.states[0].reason
    await line.channel.stop()


async def test_another_client_with_our_id_takes_the_session_over_and_the_log_says_so(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with (
        Line(mosquitto.port, tmp_path) as line,
        Peer(mosquitto.port, name="hearth-here"),
    ):
        await line.until(lambda: any("client_id" in s.hint for s in line.states))
