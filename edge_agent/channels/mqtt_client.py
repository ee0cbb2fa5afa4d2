"""The MQTT connection: a paho client with its own reading, writing and PUBLISH handling.

paho keeps what is rare (CONNECT, SUBSCRIBE, PING, DISCONNECT, keep-alive); what comes with every
message is done here: one `recv` feeds many packets, everything queued during a read batch leaves
in one `send`, and a QoS 1 or 2 message is acknowledged when the application says so.
"""

import asyncio
import ssl
import time
from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client, MQTTMessageInfo, MQTTv5, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, _ConnectionState
from paho.mqtt.exception import MalformedPacket
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge_agent.channels.mqtt_reader import Events, Reader
from edge_agent.channels.socket_watch import SocketWatch

READ_SIZE = 65_536
_OK = MQTTErrorCode.MQTT_ERR_SUCCESS
_LOST = MQTTErrorCode.MQTT_ERR_CONN_LOST
_BAD = MQTTErrorCode.MQTT_ERR_PROTOCOL
_PUBREL, _PUBCOMP = 0x62, b"\x70\x02"


class FastClient(Client):
    """One paho client over many connections; see the module's head.

    `adopt` takes a connected non-blocking socket, `write` queues a packet, or what `pack` makes one
    of when it leaves; `flush` sends. Incoming QoS 1 and 2 messages are numbered from 1 over the
    client's life; `ack(n)` acknowledges all up to the n-th, in the order of their arrival (MQTT
    4.6). Numbers from an earlier connection are void.
    """

    def __init__(self, client_id: str, events: Events, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTv5,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        self.busy_ids: Callable[[int], bool] = lambda _: False
        self.pack: Callable[[Any], bytes] = bytes
        self.reader = Reader(events, self._rare)
        self._events = events
        self._events_loop = loop
        self._soon = loop.call_soon
        self._next_socket: Any = None
        self._buffer: list[Any] = []
        self._unsent = memoryview(b"")
        self._deferred = False
        self.on_socket_open = self._opened
        self.on_socket_close = self._closed
        self.on_socket_register_write = lambda *_: self._watch.writes(True)
        self.on_socket_unregister_write = lambda *_: self._watch.writes(False)

    # -- connecting ---------------------------------------------------------------------------

    def speak(self, version: int) -> None:
        """Use MQTT 5 or 3.1.1 (4) from the next connection on, always with a lasting session."""
        self._protocol = MQTTv5 if version == 5 else MQTTv311
        self._clean_session = False

    @property
    def v5(self) -> bool:
        """Whether MQTT 5 is spoken."""
        return self._protocol == MQTTv5

    def adopt(self, sock: Any, *, keepalive: int, session_expiry: int, max_packet: int) -> None:
        """Start the session on a connected socket: everything of the last connection is gone."""
        self._buffer.clear()
        self._unsent = memoryview(b"")
        self._next_socket = sock
        self._host, self._keepalive = self._host or "broker", keepalive
        self._clean_start = False
        if self.v5:
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
        self.reader.numbered = True
        properties = Properties(PacketTypes.SUBSCRIBE)  # type: ignore[no-untyped-call]
        properties.SubscriptionIdentifier = number
        return self.subscribe([(name, SubscribeOptions(qos))], properties=properties)[1]

    def _opened(self, client: Client, user: Any, sock: Any) -> None:
        self.reader.reset(v5=self.v5)
        self._watch = SocketWatch(self._events_loop, sock.fileno(), self._ready)

    def _closed(self, client: Client, user: Any, sock: Any) -> None:
        self.reader.open = False
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
        self._deferred = failed = True
        try:
            result = self._feed(data)
            self._events.batch_read()
            failed = False
        finally:
            if failed:  # the application failed; what is behind its message is not lost
                self._soon(self._take, b"")
            self._deferred = False
            self.flush()
        return self._loop_rc_handle(result) if result else _OK

    def _feed(self, data: bytes) -> MQTTErrorCode:
        try:
            return self.reader.feed(data)
        except MalformedPacket:
            return _BAD

    def _rare(self, first: int, body: bytes) -> MQTTErrorCode:
        if first == _PUBREL:
            if len(body) < 2:
                raise MalformedPacket("a PUBREL without a packet id")
            self.write(_PUBCOMP + body[:2])
            return _OK
        packet = self._in_packet
        packet["command"] = first
        packet["packet"] = bytearray(body)
        packet["remaining_length"] = len(body)
        packet["pos"] = 0
        return self._packet_handle()

    def _handle_pingresp(self) -> MQTTErrorCode:
        result = super()._handle_pingresp()
        self._events.ponged()
        return result

    # -- writing ------------------------------------------------------------------------------

    def write(self, packet: object) -> None:
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
        self._unsent = self._packed()
        self.loop_write()

    def _packed(self) -> memoryview:
        """All packets that are queued: those yet to be made are made together."""
        pack, queued = self.pack, self._buffer
        self._buffer = []
        return memoryview(
            b"".join([each if each.__class__ is bytes else pack(each) for each in queued])
        )

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
                self._unsent = self._packed()
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
        if self._sock is not None and (packets := self.reader.acknowledgements(mid)):
            self.write(packets)
        return _OK

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
