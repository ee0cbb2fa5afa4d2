"""Who is who among incoming messages: an identity for each, and which of them are repeats.

A broker delivers a QoS 1 or 2 message again when the connection broke before it had read our
acknowledgement. Three things must then hold:

- an event that was not committed before a crash runs again under the *same* id;
- an event that is recorded (or about to be, by this process) is a *repeat*: it is only
  acknowledged again;
- two events with equal packet id, topic and payload get *distinct* ids.

The id is a hash of client id, packet id, topic and payload, mixed with the event's *generation*
(its ordinal among all acknowledged events, divided by 65,536) and with n, the smallest number
whose id is not taken in that generation. Committed events are a prefix of all events, so ordinal
and n come out the same after a crash. A packet id is not used for another message before the
broker has read the acknowledgement; so a message with DUP is a repeat exactly if its last
namesake is *unproven*: its acknowledgement was not followed by a round trip to the broker.
(When a broker gives the next message the same packet id, that message is equal, and the connection
breaks before either is proven, nobody can tell the two apart: it is taken for a repeat.)
"""

import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import count
from typing import Protocol

GENERATION = 65_536
_VERSION_8 = (0x8 << 76) | (0x2 << 62)
_FREE = ((1 << 128) - 1) ^ ((0xF << 76) | (0x3 << 62))
_PROBES = 64


class Acknowledged(Protocol):
    """What the ledger keeps for the inbox: the events of QoS 1 and 2, in order of commit."""

    def committed(self) -> int:
        """How many were ever committed; retention does not lower it."""

    def proven(self) -> int:
        """How many of these, counted from the first, need no repeat check; see `prove`."""

    def last_ids(self, number: int) -> Sequence[int]:
        """The ids of the last `number` of them, oldest first; fewer if they are gone."""

    def prove(self, number: int) -> None:
        """Keep `number` for `proven`; durable with the next commit, at the latest in a second."""

    def last_commit(self) -> float:
        """When something was last committed (epoch seconds); 0 for a new ledger."""


class Inbox:
    """Gives every incoming message its id; one for the life of the process, on one thread."""

    def __init__(
        self, client_id: str, ledger: Acknowledged, generation_size: int = GENERATION
    ) -> None:
        self.repeats = 0
        self._ledger = ledger
        self._size = generation_size
        self._key = blake2b(client_id.encode(), digest_size=32).digest()
        self._total = ledger.committed()
        self._generation, used = divmod(self._total, generation_size)
        unproven = max(0, min(self._total - ledger.proven(), GENERATION))
        ids = ledger.last_ids(max(used, unproven))
        self._taken = set(ids[len(ids) - used :] if used < len(ids) else ids)
        self._unproven = dict.fromkeys(ids[len(ids) - unproven :] if unproven else (), 0)
        self._mask = _mask(self._generation, 0)
        self._left = generation_size - used
        self._next: dict[int, int] = {}
        self.unique = _unique_ids()

    def identify(self, packet_id: int, topic: str, payload: bytes, dup: int, arrival: int) -> int:
        """The id of a QoS 1 or 2 message, 0 for a repeat; `arrival` numbers the delivery."""
        name = topic.encode()
        digest = blake2b(
            b"%d %d %b %b" % (packet_id, len(name), name, payload), digest_size=16, key=self._key
        ).digest()
        content = int.from_bytes(digest) & _FREE | _VERSION_8
        identity = content ^ self._mask
        taken = self._taken
        if dup and self._unproven and (known := self._repeated(content)):
            self._unproven[known] = arrival
            self.repeats += 1
            return 0
        if identity in taken:
            identity = self._next_free(content)
        taken.add(identity)
        self._unproven[identity] = arrival
        self._total += 1
        self._left -= 1
        if not self._left:
            self._turn()
        return identity

    @property
    def unproven(self) -> int:
        """How many events may be delivered again."""
        return len(self._unproven)

    def forget_session(self) -> None:
        """The broker knows nothing of us any more, so it will repeat nothing."""
        self._unproven.clear()

    def prove(self, arrival: int) -> None:
        """The broker has read our acknowledgements up to the delivery numbered `arrival`."""
        proven = []
        for identity, number in self._unproven.items():
            if number > arrival:
                break
            proven.append(identity)
        for identity in proven:
            del self._unproven[identity]
        if proven:
            self._ledger.prove(self._total - len(self._unproven))

    def _repeated(self, content: int) -> int:
        """The id of the last namesake if it is unproven, else 0."""
        n = self._used(content)
        if n:
            last = content ^ _mask(self._generation, n - 1)
            return last if last in self._unproven else 0
        oldest = (self._total - len(self._unproven)) // self._size
        for generation in range(self._generation - 1, oldest - 1, -1):
            for n in reversed(range(min(_PROBES, self._size))):
                if (known := content ^ _mask(generation, n)) in self._unproven:
                    return known
        return 0

    def _used(self, content: int) -> int:
        """How many events with this content the generation has: ids are taken in order of n."""
        low = self._next.get(content, 0)
        generation, taken = self._generation, self._taken
        if content ^ _mask(generation, low) not in taken:
            return low
        step = 1
        while content ^ _mask(generation, low + step) in taken:
            low, step = low + step, step * 2
        high = low + step
        while high - low > 1:
            middle = (low + high) // 2
            if content ^ _mask(generation, middle) in taken:
                low = middle
            else:
                high = middle
        return high

    def _next_free(self, content: int) -> int:
        n = self._used(content)
        self._next[content] = n + 1
        return content ^ _mask(self._generation, n)

    def _turn(self) -> None:
        self._generation += 1
        self._left = self._size
        self._mask = _mask(self._generation, 0)
        self._taken = set()
        self._next = {}


@lru_cache(maxsize=4096)
def _mask(generation: int, n: int) -> int:
    digest = blake2b(b"%d %d" % (generation, n), digest_size=16).digest()
    return int.from_bytes(digest) & _FREE


def _unique_ids() -> Callable[[], int]:
    """Ids for QoS 0: random for the process, counted within it."""
    prefix = int.from_bytes(os.urandom(16)) & (_FREE ^ ((1 << 48) - 1)) | _VERSION_8
    return count(prefix + 1).__next__
