"""The runs of one pipeline that wait their turn, kept so that a restart goes on with them."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from typing import Any

from flows.slots import OwnedSlots
from flows.snapshot import snapshot
from pipelines.plan import Plan
from pipelines.scope import Scope


class RunQueue:
    """First in, first out; `waiting` are the runs, each by the slot it has until it begins."""

    __slots__ = ("_order", "_slots", "waiting")

    def __init__(self, slots: OwnedSlots) -> None:
        self._slots = slots
        self.waiting: deque[tuple[str, Scope]] = deque()
        self._order = itertools.count(1 + max(map(int, slots.keys()), default=-1))

    def put(self, scope: Scope, plan: Plan) -> None:
        """Let a run wait."""
        key = str(next(self._order))
        self._slots.put(key, snapshot(scope, plan))
        self.waiting.append((key, scope))

    def take(self) -> Scope:
        """The run whose turn it is.

        Raises:
            IndexError: none waits.
        """
        key, scope = self.waiting.popleft()
        self._slots.drop(key)
        return scope

    def holds(self, run: int) -> bool:
        """Whether a run waits here."""
        return any(scope.run_id == run for _, scope in self.waiting)

    def withdraw(self, run: int) -> list[Scope]:
        """Take a run out, wherever it stands."""
        found = [each for each in self.waiting if each[1].run_id == run]
        for key, scope in found:
            self.waiting.remove((key, scope))
            self._slots.drop(key)
        return [scope for _, scope in found]

    def clear(self) -> list[Scope]:
        """Let go of all that wait; their slots stay."""
        waiting, self.waiting = self.waiting, deque()
        return [scope for _, scope in waiting]

    def kept(self) -> list[dict[str, Any]]:
        """The runs in the slots, in their order."""
        return [self._slots.get(key) for key in self._keys()]

    def take_up(self, restored: Callable[[dict[str, Any]], Scope]) -> None:
        """Let those wait on that were left in the slots when the agent stopped."""
        for key in self._keys():
            self.waiting.append((key, restored(self._slots.get(key))))

    def _keys(self) -> list[str]:
        return sorted(self._slots.keys(), key=int)
