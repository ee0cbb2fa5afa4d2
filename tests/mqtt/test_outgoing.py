"""What leaves when the connection breaks at a bad moment, against a broker told what to do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.mqtt.fake_broker import ACCEPTED_V311, Connection, FakeBroker, fake_broker
from tests.mqtt.line import Line

MESSAGE = b"\x30\x04\x00\x01a\x00"


@asynccontextmanager
async def started(home: Path) -> AsyncIterator[tuple[Line, FakeBroker]]:
    async with fake_broker() as broker:
        line = Line(broker.port, home)
        line.channel.start()
        yield line, broker
        line.cut()
        await line.channel.stop()


async def welcomed(line: Line, broker: FakeBroker, answer: bytes | None = None) -> Connection:
    connection = await broker.connection()
    await (connection.welcome(answer) if answer else connection.welcome())
    await line.until(lambda: line.channel.state.connected)
    return connection


async def test_a_qos_0_letter_the_broker_may_not_have_read_is_sent_again(tmp_path: Path) -> None:
    async with started(tmp_path) as (line, broker):
        first = await welcomed(line, broker)
        line.channel.send("out", b"proven")
        await first.publish()
        first.send(MESSAGE)
        await line.received(1)
        line.tick()
        await first.expect(0xC0)
        first.send(b"\xd0\x00" + MESSAGE)
        await line.received(2)
        line.channel.send("out", b"0")
        line.channel.send("out", b"1")
        first.hang_up()
        await line.until(lambda: not line.channel.state.connected)
        line.channel.send("out", b"2")
        second = await welcomed(line, broker)
        assert [(await second.publish())[2] for _ in range(3)] == [b"0", b"1", b"2"]


async def test_a_letter_in_flight_is_sent_again_with_dup_and_its_packet_id(tmp_path: Path) -> None:
    async with started(tmp_path) as (line, broker):
        first = await welcomed(line, broker)
        line.channel.send("out", b"1", qos=1)
        line.channel.send("out", b"2", qos=2)
        sent = [await first.publish(), await first.publish()]
        first.hang_up()
        await line.until(lambda: not line.channel.state.connected)
        second = await welcomed(line, broker)
        again = [await second.publish(), await second.publish()]
        assert again == [(kind | 8, packet_id, payload) for kind, packet_id, payload in sent]


async def test_a_released_qos_2_letter_is_released_again_and_not_sent_again(
    tmp_path: Path,
) -> None:
    async with started(tmp_path) as (line, broker):
        first = await welcomed(line, broker)
        line.channel.send("out", b"exactly once", qos=2)
        packet_id = bytes.fromhex((await first.publish())[1])
        first.send(b"\x50\x02" + packet_id)
        assert (await first.expect(0x60))[1] == packet_id
        first.hang_up()
        await line.until(lambda: not line.channel.state.connected)
        second = await welcomed(line, broker)
        assert (await second.expect(0x60))[1] == packet_id
        second.send(b"\x70\x02" + packet_id)
        line.channel.send("out", b"next", qos=1)
        assert (await second.publish())[2] == b"next"


async def test_no_more_letters_are_in_flight_than_the_broker_allows(tmp_path: Path) -> None:
    receive_maximum_3 = b"\x20\x06\x00\x00\x03\x21\x00\x03"
    async with started(tmp_path) as (line, broker):
        connection = await welcomed(line, broker, receive_maximum_3)
        for i in range(6):
            line.channel.send("out", b"%d" % i, qos=1)
        line.channel.send("out", b"zero")
        ids = [(await connection.publish())[1] for _ in range(2)]
        assert line.channel.figures().queued == 5
        connection.send(b"".join(b"\x40\x02" + bytes.fromhex(i) for i in ids))
        more = [await connection.publish() for _ in range(2)]
        assert [payload for *_, payload in more] == [b"2", b"3"]


async def test_a_letter_too_large_for_the_broker_is_given_up_and_counted(tmp_path: Path) -> None:
    maximum_packet_size_50 = b"\x20\x08\x00\x00\x05\x27\x00\x00\x00\x32"
    async with started(tmp_path) as (line, broker):
        connection = await welcomed(line, broker, maximum_packet_size_50)
        for payload in (b"x" * 100, b"small"):
            line.channel.send("out", payload, qos=1)
        assert (await connection.publish())[2] == b"small"
        assert line.channel.figures().refused == 1


async def test_letters_wait_in_order_behind_one_that_has_no_room(tmp_path: Path) -> None:
    receive_maximum_2 = b"\x20\x06\x00\x00\x03\x21\x00\x02"
    async with started(tmp_path) as (line, broker):
        connection = await welcomed(line, broker, receive_maximum_2)
        for i in range(4):
            line.channel.send("out", b"%d" % i, qos=1 if i < 3 else 0)
        for expected in (b"0", b"1", b"2"):
            _, packet_id, payload = await connection.publish()
            assert payload == expected
            connection.send(b"\x40\x02" + bytes.fromhex(packet_id))
        assert (await connection.publish())[2] == b"3"


async def test_a_broker_that_hangs_up_on_mqtt_5_is_asked_with_3_1_1(tmp_path: Path) -> None:
    async with started(tmp_path) as (line, broker):
        first = await broker.connection()
        _, body = await first.expect(0x10)
        assert body[6] == 5
        first.hang_up()
        second = await broker.connection()
        assert (await second.welcome(ACCEPTED_V311))[6] == 4
        await line.until(lambda: line.channel.state.connected)


async def test_a_checkpoint_keeps_what_is_in_flight_for_the_next_process(tmp_path: Path) -> None:
    async with started(tmp_path) as (line, broker):
        connection = await welcomed(line, broker)
        line.channel.send("out", b"answered", qos=1)
        packet_id = (await connection.publish())[1]
        connection.send(b"\x40\x02" + bytes.fromhex(packet_id))
        line.channel.send("out", b"in flight", qos=1, run=9)
        await connection.publish()
        line.channel.checkpoint()
        async with started(tmp_path) as (_, other):
            after = await other.connection()
            await after.welcome()
            assert (await after.publish())[2] == b"in flight"
