"""The MQTT connection: a paho client with its own reading, writing and PUBLISH handling.

paho keeps what is rare (CONNECT, SUBSCRIBE, PING, DISCONNECT, keep-alive); what comes with every
message is done here: one `recv` feeds many packets, everything queued during a read batch leaves
in one `send`, and a QoS 1 or 2 message is acknowledged when the application says so.
"""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from paho.mqtt.client import Client, MQTTMessageInfo, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, _ConnectionState
from paho.mqtt.exception import MalformedPacket
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge_agent.channels.mqtt_wire import read_length, subscription_of
from edge_agent.channels.socket_watch import SocketWatch

READ_SIZE = 65_536
TOPICS_KEPT = 8_192
_OK = MQTTErrorCode.MQTT_ERR_SUCCESS
_LOST = MQTTErrorCode.MQTT_ERR_CONN_LOST
_BAD = MQTTErrorCode.MQTT_ERR_PROTOCOL
_PUBACK, _PUBREC = b"\x40\x02", b"\x50\x02"


class Events(Protocol):
    """What the connection tells its owner, always on the loop's thread."""

    def received(
        self, topic: str, payload: bytes, first: int, packet_id: int, subscription: int
    ) -> None:
        """A PUBLISH; `first` is its first byte (DUP 8, QoS 6, retain 1), `subscription` its
        subscription identifier if `numbered` is set."""

    def answered(self, kind: int, packet_id: int, reason: int) -> None:
        """A PUBACK (0x40), PUBREC (0x50) or PUBCOMP (0x70) for one of our messages."""

    def ponged(self) -> None:
        """The broker has read everything sent before the last PINGREQ."""

    def stuck(self, blocked: bool) -> None:
        """The socket takes no more bytes for now, or again does."""

    def batch_read(self) -> None:
        """All packets of one read were handed over; what was queued leaves after this."""


class FastClient(Client):
    """One paho client over many connections; see the module's head.

    `adopt` takes a connected non-blocking socket, `write` queues a packet, `flush` sends. Incoming
    QoS 1 and 2 messages are numbered from 1 over the client's life; `ack(n)` acknowledges all up
    to the n-th, in the order of their arrival (MQTT 4.6). Numbers from an earlier connection are
    void.
    """

    def __init__(self, client_id: str, events: Events, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTv5,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        self.arrived = 0
        self.numbered = False
        self.busy_ids: Callable[[int], bool] = lambda _: False
        self._events = events
        self._events_loop = loop
        self._soon = loop.call_soon
        self._next_socket: Any = None
        self._rest = bytearray()
        self._need = 2
        self._buffer: list[bytes] = []
        self._unsent = memoryview(b"")
        self._deferred = False
        self._acks: deque[bytes] = deque()
        self._topics: dict[bytes, str] = {}
        self.on_socket_open = self._opened
        self.on_socket_close = self._closed
        self.on_socket_register_write = lambda *_: self._watch.writes(True)
        self.on_socket_unregister_write = lambda *_: self._watch.writes(False)

    # -- connecting ---------------------------------------------------------------------------

    def speak(self, version: int) -> None:
        """Use MQTT 5 or 3.1.1 (4) from the next connection on, always with a lasting session."""
        self._protocol = MQTTv5 if version == 5 else MQTTv311
        self._clean_session = False

    def adopt(self, sock: Any, *, keepalive: int, session_expiry: int, max_packet: int) -> None:
        """Start the session on a connected socket: everything of the last connection is gone."""
        self._rest, self._need = bytearray(), 2
        self._buffer.clear()
        self._acks.clear()
        self._unsent = memoryview(b"")
        self._next_socket = sock
        self._host, self._keepalive = self._host or "broker", keepalive
        self._clean_start = False
        if self._protocol == MQTTv5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = session_expiry
            properties.ReceiveMaximum = 65_535
            properties.MaximumPacketSize = max_packet
            self._connect_properties = properties
        self.reconnect()

    def _create_socket(self) -> Any:
        return self._next_socket

    def subscribe_numbered(self, name: str, qos: int, number: int) -> int | None:
        """Subscribe with a subscription identifier (MQTT 5); returns the packet id."""
        self.numbered = True
        properties = Properties(PacketTypes.SUBSCRIBE)  # type: ignore[no-untyped-call]
        properties.SubscriptionIdentifier = number
        return self.subscribe([(name, SubscribeOptions(qos))], properties=properties)[1]

    def _opened(self, client: Client, user: Any, sock: Any) -> None:
        self._watch = SocketWatch(self._events_loop, sock.fileno(), self._ready)

    def _closed(self, client: Client, user: Any, sock: Any) -> None:
        self._watch.close()

    def _ready(self) -> None:
        if self._registered_write:
            self.loop_write()
        self.loop_read()

    def drop(self) -> None:
        """Close the connection without a farewell, as if it had been lost."""
        if self._sock is not None:
            self._loop_rc_handle(_LOST)

    def close(self) -> None:
        """Say goodbye, without the will, and close."""
        if self._sock is None:
            return
        self.disconnect()
        self.flush()
        self._state = _ConnectionState.MQTT_CS_DISCONNECTED
        self._loop_rc_handle(_LOST)

    # -- reading ------------------------------------------------------------------------------

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Take in what the socket has, hand it over, send what that led to."""
        sock = self._sock
        if sock is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        try:
            data = sock.recv(READ_SIZE)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return _OK
        except OSError:
            data = b""
        if not data:
            return self._loop_rc_handle(_LOST)
        self._last_bytes_received = time.monotonic()
        result = self._take(data)
        if isinstance(sock, ssl.SSLSocket) and sock.pending() and self._sock is sock:
            self._soon(self.loop_read)
        return result

    def _take(self, data: bytes) -> MQTTErrorCode:
        if self._rest:
            self._rest += data
            if len(self._rest) < self._need:
                return _OK
            data, self._rest = bytes(self._rest), bytearray()
        self._deferred = failed = True
        try:
            result = self._packets(data)
            failed = False
        finally:
            if failed:  # the application failed; the packets behind its message are not lost
                self._soon(self._take, b"")
            self._events.batch_read()
            self._deferred = False
            self.flush()
        return self._loop_rc_handle(result) if result else _OK

    def _packets(self, data: bytes) -> MQTTErrorCode:
        """Hand over every whole packet and keep the rest: the loop all messages go through."""
        at, size = 0, len(data)
        self._need = 2
        try:
            while size - at >= 2:
                first = data[at]
                length = data[at + 1]
                begin = at + 2
                if length & 128:
                    length, begin = read_length(data, at + 1)
                    if not begin:
                        break
                end = begin + length
                if end > size:
                    self._need = end - at
                    break
                at = end
                if first & 0xF0 == 0x30:
                    self._publish(data, first, begin, end)
                elif first in (0x40, 0x50, 0x70):
                    self._answer(data, first, begin, end)
                elif (result := self._rare(data, first, begin, end)) > 0:
                    return result
                if self._sock is None:
                    return _OK
        except MalformedPacket:
            return _BAD
        finally:
            if at < size:
                self._rest = bytearray(data[at:])
        return _OK

    def _publish(self, data: bytes, first: int, begin: int, end: int) -> None:
        if end - begin < 3:
            raise MalformedPacket("a PUBLISH without a topic")
        after = begin + 2 + (data[begin] << 8 | data[begin + 1])
        name = data[begin + 2 : after]
        packet_id = subscription = 0
        if first & 6:
            if after + 2 > end or first & 6 == 6:
                raise MalformedPacket("a PUBLISH without a packet id, or at QoS 3")
            packet_id = data[after] << 8 | data[after + 1]
            self._acks.append((_PUBACK if first & 2 else _PUBREC) + data[after : after + 2])
            self.arrived += 1
            after += 2
        if self._protocol == MQTTv5 and after < end:
            length, after = read_length(data, after)
            after += length if after else end
            if length and self.numbered:
                subscription = subscription_of(data[after - length : after])
        if after > end or not name:
            raise MalformedPacket("a PUBLISH without a topic, or shorter than it says")
        topic = self._topics.get(name) or self._learn(name)
        self._events.received(topic, data[after:end], first, packet_id, subscription)

    def _learn(self, name: bytes) -> str:
        if len(self._topics) >= TOPICS_KEPT:
            self._topics.clear()
        topic = self._topics[name] = name.decode(errors="replace")
        return topic

    def _answer(self, data: bytes, first: int, begin: int, end: int) -> None:
        if end - begin < 2:
            raise MalformedPacket("an acknowledgement without a packet id")
        reason = data[begin + 2] if end - begin > 2 else 0
        self._events.answered(first, data[begin] << 8 | data[begin + 1], reason)

    def _rare(self, data: bytes, first: int, begin: int, end: int) -> MQTTErrorCode:
        if first == 0x62:
            if end - begin < 2:
                raise MalformedPacket("a PUBREL without a packet id")
            self.write(b"\x70\x02" + data[begin : begin + 2])
            return _OK
        packet = self._in_packet
        packet["command"] = first
        packet["packet"] = bytearray(data[begin:end])
        packet["remaining_length"] = end - begin
        packet["pos"] = 0
        return self._packet_handle()

    def _handle_pingresp(self) -> MQTTErrorCode:
        result = super()._handle_pingresp()
        self._events.ponged()
        return result

    # -- writing ------------------------------------------------------------------------------

    def write(self, packet: bytes) -> None:
        """Queue a packet; it leaves at the end of the read batch, else in the loop's next turn."""
        self._buffer.append(packet)
        if not self._deferred:
            self._deferred = True
            self._soon(self._flush_soon)

    def ping(self) -> None:
        """Send a PINGREQ; `ponged` follows when the broker has read everything before it."""
        self._send_pingreq()

    def _flush_soon(self) -> None:
        self._deferred = False
        self.flush()

    def flush(self) -> None:
        """Send everything queued, as far as the socket takes it."""
        if not self._buffer or self._unsent or self._sock is None:
            return
        self._unsent = memoryview(b"".join(self._buffer))
        self._buffer.clear()
        self.loop_write()

    def loop_write(self) -> MQTTErrorCode:
        """Go on sending what the socket did not take at once."""
        sock: Any = self._sock
        while self._unsent and sock is not None:
            try:
                sent = sock.send(self._unsent)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                self._block()
                return _OK
            except OSError:
                return self._loop_rc_handle(_LOST)
            self._last_msg_out = time.monotonic()
            self._unsent = self._unsent[sent:]
            if not self._unsent and self._buffer:
                self._unsent = memoryview(b"".join(self._buffer))
                self._buffer.clear()
        if self._registered_write:
            self._call_socket_unregister_write()
            self._events.stuck(False)
        return _OK

    def _block(self) -> None:
        if not self._registered_write:
            self._call_socket_register_write()
            self._events.stuck(True)

    def want_write(self) -> bool:
        """Whether something waits for the socket."""
        return bool(self._unsent)

    def _packet_queue(
        self,
        command: int,
        packet: bytes | bytearray,
        mid: int,
        qos: int,
        info: MQTTMessageInfo | None = None,
    ) -> MQTTErrorCode:
        self.write(bytes(packet))
        return _OK

    def ack(self, mid: int, qos: int = 1) -> MQTTErrorCode:
        """Acknowledge every message up to the `mid`-th that arrived; see the class."""
        acks = self._acks
        count = mid - (self.arrived - len(acks))
        if count <= 0 or self._sock is None:
            return _OK
        if count >= len(acks):
            self.write(b"".join(acks))
            acks.clear()
        else:
            self.write(b"".join([acks.popleft() for _ in range(count)]))
        return _OK

    @property
    def unacknowledged(self) -> int:
        """How many messages of this connection wait for `ack`."""
        return len(self._acks)

    @property
    def silence(self) -> float:
        """Seconds since anything was heard from the broker."""
        return time.monotonic() - self._last_bytes_received

    def new_id(self) -> int:
        """A packet id that no letter in flight has."""
        return self._mid_generate()

    def _mid_generate(self) -> int:
        while True:
            self._last_mid = self._last_mid % 65_535 + 1
            if not self.busy_ids(self._last_mid):
                return self._last_mid
