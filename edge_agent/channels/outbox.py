"""The outgoing queue: letters that wait for the broker, in memory and on disk."""

from collections import deque
from pathlib import Path

from msgspec import Struct


class Letter(Struct, frozen=True, gc=False):
    """One message to be sent; `run` is the id of the run that sends it, 0 for none."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    run: int = 0


class Outbox:
    """Letters in the order they were put, until they are `done`."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.dropped = 0
        self._limit = limit
        self._letters: dict[int, Letter] = {}
        self._waiting: deque[int] = deque()
        self._next = 1

    def __len__(self) -> int:
        """How many letters wait."""
        return len(self._waiting)

    def put(self, letter: Letter) -> None:
        """Add a letter at the end."""
        self._waiting.append(self.keep(letter))

    def keep(self, letter: Letter) -> int:
        """Make a letter that is on its way survive; returns its number."""
        number = self._next
        self._next += 1
        self._letters[number] = letter
        return number

    def take(self) -> tuple[int, Letter]:
        """The oldest waiting letter and its number, to be sent."""
        number = self._waiting.popleft()
        return number, self._letters[number]

    def rewind(self, numbers: list[int]) -> None:
        """Let taken letters wait again, before all others."""
        self._waiting.extendleft(reversed(numbers))

    def done(self, number: int) -> None:
        """Forget a letter that has arrived."""
        self._letters.pop(number, None)

    def flush(self) -> None:
        """Write what is not on disk yet."""
