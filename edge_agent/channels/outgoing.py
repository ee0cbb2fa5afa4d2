"""What leaves: letters in flight, letters on their way at QoS 0, and the queue behind them."""

from collections.abc import Callable

from edge_agent.channels.mqtt_wire import (
    DUP,
    NO_PROPERTIES,
    RETAIN,
    publish_packet,
    run_property,
    topic_field,
)
from edge_agent.channels.outbox import Letter, Outbox

PUBACK, PUBREC, PUBCOMP = 0x40, 0x50, 0x70
FAILED = 0x80


class Outgoing:
    """Sends letters as far as the broker lets it; the rest waits in the outbox.

    A QoS 1 or 2 letter is in flight until the broker answers, and sent again with DUP after a
    reconnect. A QoS 0 letter counts as arrived once the broker has answered a PINGREQ that was
    sent after it; one that was not is sent again, so that a broker's restart loses no action.
    """

    def __init__(
        self, outbox: Outbox, write: Callable[[bytes], None], new_id: Callable[[], int]
    ) -> None:
        self.refused = 0
        self._outbox = outbox
        self._write = write
        self._new_id = new_id
        self._room = 0
        self._v5 = True
        self._connected = False
        self._flights: dict[int, Letter] = {}
        self._numbers: dict[int, int] = {}
        self._released: set[int] = set()
        self._unproven: list[tuple[int, Letter]] = []
        self._asked = 0

    def holds(self, packet_id: int) -> bool:
        """Whether a packet id is in use."""
        return packet_id in self._flights

    def send(self, letter: Letter) -> None:
        """Send a letter now if there is room and none waits, else queue it."""
        if self._connected and not self._outbox and (not letter.qos or self._has_room()):
            self._post(letter, 0)
        else:
            self._outbox.put(letter)

    def connected(self, *, window: int, v5: bool) -> None:
        """Start on a new connection: first what was in flight, then what waits."""
        self._room, self._v5, self._connected = window, v5, True
        for packet_id, letter in self._flights.items():
            if packet_id in self._released:
                self._write(b"\x62\x02" + packet_id.to_bytes(2))
            else:
                self._write(self._packet(letter, packet_id, DUP))
        self.drain()

    def lost(self) -> None:
        """The connection is gone: what is not proven to have arrived waits again."""
        if not self._connected:
            return
        self._connected, self._asked = False, 0
        self._outbox.rewind([n or self._outbox.keep(letter) for n, letter in self._unproven])
        self._unproven.clear()
        self.checkpoint()

    def drain(self) -> None:
        """Send what waits, as far as there is room."""
        while self._connected and self._outbox and self._has_room():
            number, letter = self._outbox.take()
            self._post(letter, number)

    def answered(self, kind: int, packet_id: int, reason: int) -> None:
        """The broker's answer to a letter in flight."""
        if packet_id not in self._flights:
            return
        if kind == PUBREC and reason < FAILED:
            self._released.add(packet_id)
            self._write(b"\x62\x02" + packet_id.to_bytes(2))
            return
        if reason >= FAILED:
            self.refused += 1
        del self._flights[packet_id]
        self._released.discard(packet_id)
        if self._numbers and (number := self._numbers.pop(packet_id, 0)):
            self._outbox.done(number)
        if self._outbox:
            self.drain()

    def ask(self) -> bool:
        """Whether a PINGREQ should be sent now, to prove that QoS 0 letters have arrived."""
        if self._asked or not self._unproven:
            return False
        self._asked = len(self._unproven)
        return True

    def proven(self) -> None:
        """The broker has read everything sent before the last PINGREQ."""
        for number, _ in self._unproven[: self._asked]:
            if number:
                self._outbox.done(number)
        del self._unproven[: self._asked]
        self._asked = 0

    def checkpoint(self) -> None:
        """Write what is in flight or waiting to disk, so that it outlives the process."""
        for packet_id, letter in self._flights.items():
            if packet_id not in self._numbers:
                self._numbers[packet_id] = self._outbox.keep(letter)
        self._outbox.flush()

    def _has_room(self) -> bool:
        return len(self._flights) < self._room

    def _post(self, letter: Letter, number: int) -> None:
        packet_id = 0
        if letter.qos:
            packet_id = self._new_id()
            self._flights[packet_id] = letter
            if number:
                self._numbers[packet_id] = number
        else:
            self._unproven.append((number, letter))
        self._write(self._packet(letter, packet_id, 0))

    def _packet(self, letter: Letter, packet_id: int, dup: int) -> bytes:
        properties = b""
        if self._v5:
            properties = run_property(letter.run) if letter.run else NO_PROPERTIES
        first = 0x30 | letter.qos << 1 | (RETAIN if letter.retain else 0) | dup
        return publish_packet(
            first, topic_field(letter.topic), packet_id, properties, letter.payload
        )
