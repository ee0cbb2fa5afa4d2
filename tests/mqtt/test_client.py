"""The connection's own parser: split anywhere, damaged anyhow."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvloop
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge_agent.channels.mqtt_client import FastClient
from edge_agent.channels.mqtt_wire import length_field, subscription_of

Event = tuple[object, ...]


class Heard:
    """Keeps what a client tells."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def received(
        self, topic: str, payload: bytes, first: int, packet_id: int, subscription: int
    ) -> None:
        self.events.append(("message", topic, payload, first, packet_id))

    def answered(self, kind: int, packet_id: int, reason: int) -> None:
        self.events.append(("answer", kind, packet_id, reason))

    def ponged(self) -> None:
        self.events.append(("pong",))

    def stuck(self, blocked: bool) -> None:
        self.events.append(("stuck", blocked))

    def batch_read(self) -> None:
        """Not of interest here."""


def packet(first: int, body: bytes) -> bytes:
    return bytes((first,)) + length_field(len(body)) + body


def message(
    topic: bytes, payload: bytes, *, qos: int = 0, flags: int = 0, props: bytes | None = None
) -> bytes:
    body = len(topic).to_bytes(2) + topic + (b"\x01\x02" if qos else b"")
    body += b"" if props is None else length_field(len(props)) + props
    return packet(0x30 | qos << 1 | flags, body + payload)


def stream(version: int) -> bytes:
    """A session as a broker sends it."""
    v5 = version == 5
    none = b"" if v5 else None
    user = b"\x26\x00\x03key\x00\x05value"
    parts = [
        packet(0x20, b"\x00\x00" + (b"\x03\x21\x00\x14" if v5 else b"")),
        packet(0x90, b"\x00\x01" + (b"\x00\x00" if v5 else b"\x00")),
        message(b"a", b"", props=none),
        message("größe/🌡".encode(), b"x" * 130, qos=1, props=user if v5 else None),
        message(b"long", b"y" * 17_000, qos=2, flags=8, props=user * 12 if v5 else None),
        b"\xd0\x00",
        b"\x40\x02\x00\x07",
        packet(0x40, b"\x00\x08\x10") if v5 else b"\x40\x02\x00\x08",
        b"\x50\x02\x00\x09\x62\x02\x00\x05\x70\x02\x00\x09",
        message(b"bad\xff", b"z", flags=1, props=none),
    ]
    return b"".join(parts)


@contextmanager
def connected(version: int) -> Iterator[tuple[FastClient, Heard, socket.socket]]:
    """A client with the other end of its socket; to be used without waiting."""
    loop = uvloop.new_event_loop()
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    heard = Heard()
    client = FastClient("c", heard, loop)
    client.speak(version)
    client.adopt(ours, keepalive=60, session_expiry=60, max_packet=1_000_000)
    try:
        yield client, heard, theirs
    finally:
        client.drop()
        theirs.close()
        loop.close()


def heard(version: int, *chunks: bytes) -> list[Event]:
    with connected(version) as (client, events, _):
        for chunk in chunks:
            if chunk and client.socket() is not None:
                client._take(chunk)
        return events.events


@pytest.mark.parametrize("version", [5, 4])
def test_a_session_is_heard_as_it_was_said(version: int) -> None:
    assert heard(version, stream(version)) == [
        ("message", "a", b"", 0x30, 0),
        ("message", "größe/🌡", b"x" * 130, 0x32, 0x102),
        ("message", "long", b"y" * 17_000, 0x3C, 0x102),
        ("pong",),
        ("answer", 0x40, 7, 0),
        ("answer", 0x40, 8, 0x10 if version == 5 else 0),
        ("answer", 0x50, 9, 0),
        ("answer", 0x70, 9, 0),
        ("message", "bad\ufffd", b"z", 0x31, 0),
    ]


@pytest.mark.parametrize("version", [5, 4])
def test_a_read_may_end_at_any_byte(version: int) -> None:
    data = stream(version)
    whole = heard(version, data)
    cuts = [k for k in range(1, len(data)) if k < 400 or k > len(data) - 80 or k % 997 == 0]
    for cut in cuts:
        assert heard(version, data[:cut], data[cut:]) == whole, cut


@pytest.mark.parametrize("version", [5, 4])
def test_bytes_may_come_one_by_one(version: int) -> None:
    data = stream(version)
    with connected(version) as (client, events, _):
        for byte in data:
            client._take(bytes((byte,)))
        assert events.events == heard(version, data)


def test_acknowledgements_leave_in_the_order_of_arrival() -> None:
    with connected(4) as (client, _, theirs):
        for packet_id, qos in ((1, 1), (2, 2), (3, 1)):
            body = b"\x00\x01t" + packet_id.to_bytes(2)
            client._take(packet(0x30 | qos << 1, body))
        client.flush()
        theirs.recv(4096)
        client.ack(2)
        client.ack(1)
        client.flush()
        assert theirs.recv(4096) == b"\x40\x02\x00\x01\x50\x02\x00\x02"
        client.ack(99)
        client.flush()
        assert theirs.recv(4096) == b"\x40\x02\x00\x03"


def test_numbers_from_an_earlier_connection_are_void() -> None:
    with connected(4) as (client, _, _theirs):
        client._take(message(b"t", b"", qos=1))
        old = client.reader.arrived
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        client.adopt(ours, keepalive=60, session_expiry=60, max_packet=1_000_000)
        client.flush()
        theirs.recv(4096)
        client._take(message(b"t", b"", qos=1))
        client.ack(old)
        client.flush()
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError):
            theirs.recv(4096)
        client.ack(client.reader.arrived)
        client.flush()
        assert theirs.recv(4096) == b"\x40\x02\x01\x02"
        theirs.close()


class Recovering(Heard):
    """An application with a bug: it fails the first time, and tells when it went on."""

    def __init__(self) -> None:
        super().__init__()
        self.second = asyncio.Event()


async def failures_after(events: Recovering, data: bytes) -> list[object]:
    """What reached the loop's handler when this was read and the application had gone on."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    loop, failures = asyncio.get_running_loop(), list[object]()
    loop.set_exception_handler(lambda _, context: failures.append(context["exception"]))
    client = FastClient("c", events, loop)
    client.speak(4)
    client.adopt(ours, keepalive=60, session_expiry=60, max_packet=1_000_000)
    theirs.send(data)
    await events.second.wait()
    client.drop()
    theirs.close()
    return failures


class FailingOnce(Recovering):
    """Its first message raises."""

    failed = False

    def received(
        self, topic: str, payload: bytes, first: int, packet_id: int, subscription: int
    ) -> None:
        super().received(topic, payload, first, packet_id, subscription)
        if not self.failed:
            self.failed = True
            raise ZeroDivisionError
        self.second.set()


async def test_a_message_that_fails_in_the_application_does_not_take_the_next_with_it() -> None:
    events = FailingOnce()
    failures = await failures_after(events, message(b"a", b"1") + message(b"a", b"2"))
    assert [event[2] for event in events.events] == [b"1", b"2"]
    assert isinstance(failures[0], ZeroDivisionError)


class EndingBadlyOnce(Recovering):
    """It fails with the first read as a whole."""

    ends = 0

    def batch_read(self) -> None:
        self.ends += 1
        if self.ends == 1:
            raise ZeroDivisionError
        self.second.set()


async def test_a_read_that_the_application_failed_on_is_handed_over_once_more() -> None:
    events = EndingBadlyOnce()
    failures = await failures_after(events, message(b"a", b"1"))
    assert [event[2] for event in events.events] == [b"1"]
    assert isinstance(failures[0], ZeroDivisionError)


def test_a_subscription_identifier_is_found_among_other_properties() -> None:
    others = [b"\x01\x01", b"\x02\x00\x00\x00\x09", b"\x23\x00\x01", b"\x03\x00\x01a"]
    others += [b"\x08\x00\x00", b"\x09\x00\x02\x0b\x0b", b"\x26\x00\x01\x0b\x00\x01\x0b"]
    assert subscription_of(b"".join(others)) == 0
    assert subscription_of(b"".join([*others, b"\x0b\x80\x01"])) == 128
    assert subscription_of(b"\x0b\x05" + others[0]) == 5
    assert subscription_of(b"\xff\x0b\x05") == 0


MALFORMED = [
    b"\x30\xff\xff\xff\xff\x01",
    b"\x30\x02\x00\x09",
    b"\x30\x00",
    b"\x30\x02\x00\x00",
    b"\x36\x05\x00\x01t\x00\x01",
    b"\x32\x03\x00\x01t",
    b"\x40\x01\x00",
    b"\x62\x00",
    b"\x00\x00",
    b"\x10\x00",
    b"\xf0\x02ab",
    b"\x20\x00",
    b"\x90\x00",
    b"\xd0\x01x",
]


@pytest.mark.parametrize("version", [5, 4])
@pytest.mark.parametrize("data", MALFORMED)
def test_a_malformed_packet_ends_the_connection(version: int, data: bytes) -> None:
    if version == 5 and data == b"\xf0\x02ab":
        data = b"\xf1\x02ab"
    with connected(version) as (client, _, _theirs):
        client._take(data + b"\x00" * 8)
        assert client.socket() is None


@settings(max_examples=300, deadline=None)
@example(5, 0, b"\xe0\x02\x8e\xff")
@given(st.sampled_from([5, 4]), st.integers(0, 400), st.binary(min_size=1, max_size=60))
def test_damage_never_raises(version: int, place: int, noise: bytes) -> None:
    data = stream(version)
    place = min(place, len(data))
    heard(version, data[:place] + noise + data[place + len(noise) :])
    heard(version, noise)
