"""What leaves: letters in flight, letters on their way at QoS 0, and the queue behind them."""

import logging
from collections.abc import Callable
from typing import Any

from edge_agent.channels.mqtt_connect import Terms
from edge_agent.channels.mqtt_wire import (
    DUP,
    NO_PROPERTIES,
    RETAIN,
    publish_packet,
    run_property,
    topic_field,
)
from edge_agent.channels.outbox import Letter, Outbox

log = logging.getLogger(__name__)

PUBACK, PUBREC, PUBCOMP = 0x40, 0x50, 0x70
FAILED = 0x80
SLICE, PER_LETTER = 262_144, 1_024

Sent = tuple[Letter, int, int]
"""A letter on its way, its packet id (0 at QoS 0) and the bits that this sending of it adds."""


class Outgoing:
    """Sends letters as far as the broker lets it; the rest waits in the outbox.

    A QoS 1 or 2 letter is in flight until the broker answers, and sent again with DUP after a
    reconnect. A QoS 0 letter counts as arrived once the broker has answered a PINGREQ that was
    sent after it; one that was not is sent again, so that a broker's restart loses no action.
    `v5` must be set before anything is sent on a connection.
    """

    def __init__(
        self,
        outbox: Outbox,
        write: Callable[[bytes | Sent], None],
        new_id: Callable[[], int],
        soon: Callable[[Callable[[], None]], Any],
    ) -> None:
        self.refused = 0
        self.v5 = True
        self._outbox = outbox
        self._waiting = outbox.waiting
        self._write = write
        self._new_id = new_id
        self._soon = soon
        self._terms = Terms()
        self._open = False
        self._connected = False
        self._flush_planned = self._drain_planned = False
        self._flights: dict[int, Letter] = {}
        self._numbers: dict[int, int] = {}
        self._released: set[int] = set()
        self._unproven: list[tuple[int, Letter]] = []
        self._asked = 0

    def holds(self, packet_id: int) -> bool:
        """Whether a packet id is in use."""
        return packet_id in self._flights

    @property
    def idle(self) -> bool:
        """Whether everything that was sent has been answered."""
        return not self._flights and not self._unproven

    def send(self, letter: Letter) -> None:
        """Send a letter now if there is room and none waits, else queue it."""
        if self._open and not self._waiting and (not letter.qos or self._has_room(letter)):
            self._post(letter, 0)
            return
        self._outbox.put(letter)
        if not self._connected and not self._flush_planned:
            self._flush_planned = True
            self._soon(self._flush_soon)

    def direct(self, letter: Letter) -> None:
        """Send a letter that needs no care and overtakes all others."""
        self._write((letter, self._new_id() if letter.qos else 0, 0))

    def connected(self, terms: Terms) -> None:
        """Start on a new connection: first what was in flight, then what waits."""
        self._terms = terms
        self._connected = self._open = True
        self._shorten(terms.window)
        for packet_id, letter in list(self._flights.items()):
            if packet_id in self._released:
                self._write(_pubrel(packet_id))
            else:
                self._write((letter, packet_id, DUP))
        self._drain_slice()

    def lost(self) -> None:
        """The connection is gone: what is not proven to have arrived waits again."""
        if not self._connected:
            return
        self._connected = self._open = False
        self._asked = 0
        self._outbox.rewind([n or self._outbox.keep(letter) for n, letter in self._unproven])
        self._unproven.clear()
        self.checkpoint()

    def stuck(self, blocked: bool) -> None:
        """The socket takes no more bytes for now (letters wait in the outbox), or again does."""
        self._open = self._connected and not blocked
        self.drain()

    def drain(self) -> None:
        """Send what waits as far as there is room, in slices so that the loop stays free."""
        if self._open and self._outbox and not self._drain_planned:
            self._drain_planned = True
            self._soon(self._drain_slice)

    def answered(self, kind: int, packet_id: int, reason: int) -> None:
        """The broker's answer to a letter in flight."""
        if packet_id not in self._flights:
            return
        if kind == PUBREC and reason < FAILED:
            self._released.add(packet_id)
            self._write(_pubrel(packet_id))
            return
        if reason >= FAILED and kind != PUBCOMP:
            self.refused += 1
        self._landed(packet_id)
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

    def _has_room(self, letter: Letter) -> bool:
        room = self._terms.window if letter.qos < 2 else self._terms.exact
        return len(self._flights) < room

    def _shorten(self, window: int) -> None:
        """Let letters wait again that were in flight beyond what this broker allows."""
        over = [i for i in list(self._flights)[window:] if i not in self._released]
        for packet_id in over:
            del self._flights[packet_id]
        self._outbox.rewind([self._numbers.pop(i) for i in over])

    def _drain_slice(self) -> None:
        self._drain_planned = False
        budget = SLICE
        while self._open and self._outbox and len(self._flights) < self._terms.window:
            if budget <= 0:
                self.drain()
                return
            number, letter = self._outbox.take()
            if letter is None:
                continue
            if not self._has_room(letter):
                self._outbox.rewind([number])
                return
            self._post(letter, number)
            budget -= len(letter.payload) + PER_LETTER
        self._outbox.flush()

    def _flush_soon(self) -> None:
        self._flush_planned = False
        self._outbox.flush()

    def _post(self, letter: Letter, number: int) -> None:
        packet_id = 0
        if letter.qos:
            packet_id = self._new_id()
            self._flights[packet_id] = letter
            if number:
                self._numbers[packet_id] = number
        else:
            self._unproven.append((number, letter))
        self._write((letter, packet_id, 0))

    def pack(self, sent: Sent) -> bytes:
        """The packet of a letter, made when it leaves: those of a read are made together."""
        letter, packet_id, dup = sent
        packet = self._packet(letter, packet_id, dup)
        if len(packet) <= self._terms.largest:
            return packet
        self.refused += 1  # the broker would hang up, and again each time it is sent
        log.warning("message too large for the broker", extra={"topic": letter.topic})
        if packet_id in self._flights:
            self._landed(packet_id)
        return b""

    def _landed(self, packet_id: int) -> None:
        del self._flights[packet_id]
        self._released.discard(packet_id)
        if self._numbers and (number := self._numbers.pop(packet_id, 0)):
            self._outbox.done(number)

    def _packet(self, letter: Letter, packet_id: int, dup: int) -> bytes:
        properties = b""
        if self.v5:
            properties = run_property(letter.run) if letter.run else NO_PROPERTIES
        first = 0x30 | letter.qos << 1 | (RETAIN if letter.retain else 0) | dup
        return publish_packet(
            first, topic_field(letter.topic), packet_id, properties, letter.payload
        )


def _pubrel(packet_id: int) -> bytes:
    return b"\x62\x02" + packet_id.to_bytes(2)
