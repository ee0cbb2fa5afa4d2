"""What waits for its turn: the urgent first, and nobody for ever."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

from schemas.model import Priority

PATIENCE = 8
"""So many more urgent ones may go before one that waits."""

T = TypeVar("T")
_ORDER: tuple[Priority, ...] = ("high", "normal", "low")


class Waiting(Generic[T]):
    """A queue with priorities, first come first served in each.

    The first of a priority that was passed over `PATIENCE` times goes next.
    """

    def __init__(self) -> None:
        self._lines: dict[Priority, deque[T]] = {priority: deque() for priority in _ORDER}
        self._passed: dict[Priority, int] = dict.fromkeys(_ORDER, 0)

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __iter__(self) -> Iterator[T]:
        for line in self._lines.values():
            yield from line

    def add(self, item: T, priority: Priority) -> None:
        """Put one at the end of its line."""
        self._lines[priority].append(item)

    def first(self) -> T:
        """Whose turn it is; there must be one."""
        return self._lines[self._next()][0]

    def take(self) -> T:
        """The same, and it waits no more."""
        chosen = self._next()
        self._passed[chosen] = 0
        for priority in _ORDER[_ORDER.index(chosen) + 1 :]:
            self._passed[priority] += bool(self._lines[priority])
        return self._lines[chosen].popleft()

    def remove(self, item: T) -> None:
        """Forget one; it need not be there."""
        for line in self._lines.values():
            if item in line:
                line.remove(item)

    def give_way(self, priority: Priority) -> T | None:
        """Forget the last come of the least urgent that are less urgent; None without any."""
        for less in reversed(_ORDER[_ORDER.index(priority) + 1 :]):
            if self._lines[less]:
                return self._lines[less].pop()
        return None

    def _next(self) -> Priority:
        there = [priority for priority in _ORDER if self._lines[priority]]
        passed = [priority for priority in there[::-1] if self._passed[priority] >= PATIENCE]
        return (passed or there)[0]
