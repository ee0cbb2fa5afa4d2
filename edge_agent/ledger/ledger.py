"""The ledger's public face: the loop records, a thread commits, readers read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from edge_agent.ledger.asking import Asking
from edge_agent.ledger.chronicle import Chronicle
from edge_agent.ledger.committer import Committer
from edge_agent.ledger.cursors import Cursors
from edge_agent.ledger.follower import Follower
from edge_agent.ledger.past import LedgerPast
from edge_agent.ledger.questions import Questions
from edge_agent.ledger.recording import Recording
from edge_agent.ledger.records import LedgerStats
from edge_agent.ledger.retention import Retention, size_bytes
from edge_agent.ledger.store import StoreOptions
from schemas.fields import seconds
from schemas.settings import LedgerSettings

_LEAST_MEMORY = 16 << 20
DEFAULT_MEMORY = "40MB"


class Ledger(Recording, Questions):
    """Records everything and answers questions about it."""

    def __init__(
        self, committer: Committer, cursors: Cursors, asking: Asking, commit_every: float
    ) -> None:
        Recording.__init__(self, committer, commit_every)
        Questions.__init__(self, cursors, asking)
        self.chronicle = Chronicle(self._fetch)
        self.past = LedgerPast(self.position, cursors.rows)

    @classmethod
    def open(
        cls,
        path: Path,
        settings: LedgerSettings,
        *,
        time_zone: str = "UTC",
        clock: Callable[[], float] = time.time,
        key: str | None = None,
    ) -> Ledger:
        """Open or make the ledger of a home.

        Raises LedgerBusy when another process holds it, LedgerProblem when it is damaged or newer
        than this software. One that cannot be written opens unhealthy and is tried again.
        """
        memory = max(size_bytes(settings.memory or DEFAULT_MEMORY), _LEAST_MEMORY)
        options = StoreOptions(memory=f"{memory}B", time_zone=time_zone, key=key)
        committer = Committer(path, options, Retention(settings), clock)
        cursors = Cursors(lambda number: committer.store.cursors[number], committer.reading)
        asking = Asking(cursors, time_zone, clock)
        return cls(committer, cursors, asking, seconds(settings.commit_every))

    def follow(self, name: str, *, hold: bool = False) -> Follower:
        """Follow the ledger under a name, from where this name has come; a new one from the start.

        With `hold` retention keeps what this follower has not read, up to `max_size`.
        """
        found = self._cursors.rows("cursor", {"follower": name})
        position = found[0][0] if found else 0
        if not found or found[0][1] != hold:
            self._keep_position(name, position, hold)
        return Follower(
            name,
            cursors=self._cursors,
            keep=self._keep_position,
            recorded=self.position,
            position=position,
            hold=hold,
        )

    # ------------------------------------------------------------------ state
    @property
    def healthy(self) -> bool:
        """Whether what is recorded reaches the disk."""
        return self.stats.healthy

    @property
    def stats(self) -> LedgerStats:
        """Figures for metrics and readiness."""
        return self._committer.stats()

    def on_commit(self, tell: Callable[[float], None]) -> None:
        """Be told the seconds of each commit, on the ledger's thread."""
        self._committer.on_commit.append(tell)

    def on_health(self, tell: Callable[[bool], None]) -> None:
        """Be told when recording fails (False) and works again (True), on the ledger's thread."""
        self._committer.on_health.append(tell)

    async def close(self) -> None:
        """Commit what is left, checkpoint and close."""
        self._keep_proven()
        await self.flush()
        await asyncio.to_thread(self._cursors.close)
        await asyncio.to_thread(self._committer.close)
