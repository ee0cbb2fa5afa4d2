"""The outgoing queue: letters that wait for the broker, in memory and on disk."""

from collections import OrderedDict, deque
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder

from edge_agent.channels.journal import Journal


class Letter(Struct, frozen=True, gc=False):
    """One message to be sent; `run` is the id of the run that sends it, 0 for none."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    run: int = 0


class _Stored(Struct, frozen=True, array_like=True, gc=False):
    number: int
    topic: str
    payload: bytes
    flags: int
    run: bytes


_SLICE = 1_000
_encode = Encoder().encode
_decode = Decoder(int | _Stored).decode


class Outbox:
    """Letters in the order they were put, until they are `done`.

    New letters stay in memory until `flush` writes them; from then on only their place is held,
    and a kill loses none; a power cut may lose what was not synced (`unsynced`). When more than
    `limit` letters wait, the oldest QoS 0 letter is dropped, else the oldest; `dropped`
    counts them. While the disk takes nothing, `problem` says why and the letters stay in memory.
    `waiting` are they by number, for others to look at.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.dropped = 0
        self.problem = ""
        self._limit = limit
        self._journal = Journal(folder)
        self.waiting: OrderedDict[int, int | Letter] = OrderedDict()
        self._taken: dict[int, int | Letter] = {}
        self._zeros: deque[int] = deque()
        self._fresh: list[int] = []
        self._gone: dict[int, int] = {}
        self._next = 1
        self._load()

    def __len__(self) -> int:
        """How many letters wait."""
        return len(self.waiting)

    def put(self, letter: Letter) -> None:
        """Add a letter at the end."""
        number = self._number()
        self.waiting[number] = letter
        if not letter.qos:
            self._zeros.append(number)
        if len(self.waiting) > self._limit:
            self._drop_one()

    def keep(self, letter: Letter) -> int:
        """Make a letter that is already on its way survive; returns its number."""
        number = self._number()
        self._taken[number] = letter
        return number

    def take(self) -> tuple[int, Letter | None]:
        """The oldest waiting letter and its number, to be sent; None if it cannot be read."""
        number, held = self.waiting.popitem(last=False)
        self._taken[number] = held
        if isinstance(held, Letter):
            return number, held
        try:
            return number, _letter(self._journal.read(held))
        except OSError as error:
            self.problem = str(error)
            self.dropped += 1
            self.done(number)
            return number, None

    def rewind(self, numbers: list[int]) -> None:
        """Let taken letters wait again, before all others."""
        for number in reversed(numbers):
            self.waiting[number] = self._taken.pop(number)
            self.waiting.move_to_end(number, last=False)
        self._zeros.extendleft(reversed(numbers))

    def done(self, number: int) -> None:
        """Forget a taken letter: it has arrived."""
        self._forget(number, self._taken.pop(number))

    def flush(self) -> None:
        """Write what is not on disk yet, unless the disk refuses it."""
        try:
            while self._fresh or self._gone:
                self._write_some()
        except OSError as error:
            self.problem = str(error)
        else:
            self.problem = ""

    def _write_some(self) -> None:
        numbers, gone = self._fresh[:_SLICE], list(self._gone)
        fresh = [(n, held) for n in numbers if isinstance(held := self._held(n), Letter)]
        bodies = [_encode(_stored(n, letter)) for n, letter in fresh] + [_encode(n) for n in gone]
        places = self._journal.append(bodies) if bodies else []
        self._journal.release([*self._gone.values(), *places[len(fresh) :]])
        self._gone.clear()
        del self._fresh[:_SLICE]
        for (number, _), place in zip(fresh, places, strict=False):
            (self._taken if number in self._taken else self.waiting)[number] = place

    def unsynced(self) -> Callable[[], None] | None:
        """What makes the letters outlive a power cut, for another thread; None: nothing to do."""
        return self._journal.unsynced()

    def close(self) -> None:
        """Write the rest and close the files."""
        self.flush()
        self._journal.close()

    def _load(self) -> None:
        places: dict[int, int] = {}
        over: list[int] = []
        for place, body in self._journal.records():
            entry = _decode(body)
            if isinstance(entry, int):
                over += [place, places.pop(entry, place)]
                continue
            places[entry.number] = place
            self._next = max(self._next, entry.number + 1)
            if not entry.flags >> 1:
                self._zeros.append(entry.number)
        self.waiting.update(sorted(places.items()))
        self._journal.release(list(dict.fromkeys(over)))

    def _number(self) -> int:
        number = self._next
        self._next += 1
        self._fresh.append(number)
        return number

    def _held(self, number: int) -> int | Letter | None:
        held = self.waiting.get(number)
        return self._taken.get(number) if held is None else held

    def _drop_one(self) -> None:
        while self._zeros and self._zeros[0] not in self.waiting:
            self._zeros.popleft()
        number = self._zeros.popleft() if self._zeros else next(iter(self.waiting))
        self._forget(number, self.waiting.pop(number))
        self.dropped += 1

    def _forget(self, number: int, held: int | Letter) -> None:
        if not isinstance(held, Letter):
            self._gone[number] = held


def _letter(body: bytes) -> Letter:
    entry = _decode(body)
    assert isinstance(entry, _Stored)
    flags, run = entry.flags, int.from_bytes(entry.run)
    return Letter(entry.topic, entry.payload, flags >> 1, bool(flags & 1), run)


def _stored(number: int, letter: Letter) -> _Stored:
    flags = letter.qos << 1 | letter.retain
    run = letter.run.to_bytes(16) if letter.run else b""
    return _Stored(number, letter.topic, letter.payload, flags, run)
