"""The line before one model: so many are answered at once, the others wait, and not too many."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from edge_agent.models.driver import ModelBusy
from edge_agent.models.waiting import Waiting
from schemas.model import Priority


class Line:
    """Whose turn it is at a model; `busy_seconds` is for how long anybody was answered."""

    def __init__(self, at_once: int, most_waiting: int) -> None:
        self._at_once = at_once
        self._most = most_waiting
        self._waiting: Waiting[asyncio.Future[None]] = Waiting()
        self._since = self._busy = 0.0
        self._ended = 0
        self.running = 0

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def busy_seconds(self) -> float:
        """For how long at least one request was answered."""
        return self._busy + (time.monotonic() - self._since if self.running else 0.0)

    @asynccontextmanager
    async def turn(self, priority: Priority) -> AsyncIterator[None]:
        """Wait, and hold one of the places.

        Raises:
            ModelBusy: too many wait already, or somebody more urgent came to a full line.
        """
        if self.running < self._at_once and not self._waiting:
            self._begin()
        else:
            await self._wait(priority)
        try:
            yield
        finally:
            self._end()

    async def _wait(self, priority: Priority) -> None:
        self._make_room(priority)
        turn = asyncio.get_running_loop().create_future()
        self._waiting.add(turn, priority)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._end()  # the turn had come: somebody else's now
            self._waiting.remove(turn)
            raise

    def _make_room(self, priority: Priority) -> None:
        if len(self._waiting) < self._most:
            return
        refusal = ModelBusy(
            f"{len(self._waiting)} requests wait already; ask again later",
            self.busy_seconds / max(1, self._ended),  # about then a place is free
        )
        sent_away = self._waiting.give_way(priority)
        if sent_away is None:
            raise refusal
        if not sent_away.done():  # else it was cancelled, and does not know yet
            sent_away.set_exception(refusal)

    def _begin(self) -> None:
        if not self.running:
            self._since = time.monotonic()
        self.running += 1

    def _end(self) -> None:
        self.running -= 1
        self._ended += 1
        if not self.running:
            self._busy += time.monotonic() - self._since
        while self._waiting and self.running < self._at_once:
            turn = self._waiting.take()
            if not turn.done():
                self._begin()
                turn.set_result(None)
