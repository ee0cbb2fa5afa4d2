"""From bytes to packets: takes apart what a broker sends, however it was cut."""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.exception import MalformedPacket

from edge_agent.channels.mqtt_wire import read_length, subscription_of

TOPICS_KEPT, KEPT_LENGTH = 8_192, 256
_OK = MQTTErrorCode.MQTT_ERR_SUCCESS
_PUBACK, _PUBREC = b"\x40\x02", b"\x50\x02"


class Events(Protocol):
    """What a connection tells its owner, always on the loop's thread."""

    def received(
        self, topic: str, payload: bytes, first: int, packet_id: int, subscription: int
    ) -> None:
        """A PUBLISH; `first` is its first byte (DUP 8, QoS 6, retain 1), `subscription` its
        subscription identifier if the reader is `numbered`."""

    def answered(self, kind: int, packet_id: int, reason: int) -> None:
        """A PUBACK (0x40), PUBREC (0x50) or PUBCOMP (0x70) for one of our messages."""

    def ponged(self) -> None:
        """The broker has read everything sent before the last PINGREQ."""

    def stuck(self, blocked: bool) -> None:
        """The socket takes no more bytes for now, or again does."""

    def batch_read(self) -> None:
        """All packets of one read were told; what is queued by the end of this leaves then."""


class Reader:
    """Hands packets over and keeps what is to be acknowledged, in the order of arrival.

    PUBLISH and the answers to ours go to `events`, all others to `rare` with their first byte
    and body. `arrived` numbers the QoS 1 and 2 messages over the reader's life.
    """

    def __init__(self, events: Events, rare: Callable[[int, bytes], MQTTErrorCode]) -> None:
        self.arrived = 0
        self.numbered = False
        self.open = False
        self._events, self._rare = events, rare
        self._v5 = True
        self._rest = bytearray()
        self._need = 2
        self._acks: deque[bytes] = deque()
        self._topics: dict[bytes, str] = {}

    @property
    def unacknowledged(self) -> int:
        """How many messages of this connection wait for their acknowledgement."""
        return len(self._acks)

    def reset(self, *, v5: bool) -> None:
        """A new connection begins: nothing of the last one counts any more."""
        self._v5, self.open = v5, True
        self._rest, self._need = bytearray(), 2
        self._acks.clear()

    def acknowledgements(self, number: int) -> bytes:
        """The packets that acknowledge all messages up to the `number`-th that arrived."""
        acks = self._acks
        count = number - (self.arrived - len(acks))
        if count < len(acks):
            return b"".join([acks.popleft() for _ in range(count)])
        data = b"".join(acks)
        acks.clear()
        return data

    def feed(self, data: bytes) -> MQTTErrorCode:
        """Take in what was read. If a handler raises, `feed(b"")` goes on behind its packet.

        Raises:
            MalformedPacket: this is no MQTT; the connection must be closed.
        """
        if self._rest:
            self._rest += data
            if len(self._rest) < self._need:
                return _OK
            data, self._rest = bytes(self._rest), bytearray()
        at, size = 0, len(data)
        self._need = 2
        try:
            while size - at >= 2 and self.open:
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
                elif (result := self._rare(first, data[begin:end])) > 0:
                    return result
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
        if self._v5 and after < end:
            if data[after]:
                length, after = read_length(data, after)
                after += length if after else end
                if self.numbered:
                    subscription = subscription_of(data[after - length : after])
            else:
                after += 1
        if after > end or not name:
            raise MalformedPacket("a PUBLISH without a topic, or shorter than it says")
        topic = self._topics.get(name) or self._learn(name)
        self._events.received(topic, data[after:end], first, packet_id, subscription)

    def _learn(self, name: bytes) -> str:
        topic = name.decode(errors="replace")
        if len(self._topics) >= TOPICS_KEPT:
            self._topics.clear()
        if len(name) <= KEPT_LENGTH:
            self._topics[name] = topic
        return topic

    def _answer(self, data: bytes, first: int, begin: int, end: int) -> None:
        if end - begin < 2:
            raise MalformedPacket("an acknowledgement without a packet id")
        reason = data[begin + 2] if end - begin > 2 else 0
        self._events.answered(first, data[begin] << 8 | data[begin + 1], reason)
