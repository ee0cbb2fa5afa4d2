"""Followers: they read the ledger in order, at their own pace, from a durable cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edge_agent.ledger import history
from edge_agent.ledger.cursors import Cursors
from edge_agent.ledger.records import Entry, Latest
from edge_agent.ledger.store import FOLLOWERS, Cursor
from schemas.kept_run import KeptRun, RunHead


class Follower:
    """One reader of everything committed, in the ledger's order.

    Read, carry it somewhere, then `ack`: what is not acknowledged is read again after a restart.
    `recorded` gives the number of the last entry there is, committed or not.
    """

    def __init__(
        self,
        name: str,
        *,
        cursors: Cursors,
        keep: Callable[[str, int | None, bool], None],
        recorded: Callable[[], int],
        position: int,
        hold: bool,
    ) -> None:
        self.name = name
        self.recorded = recorded
        self.position = position
        self._cursors = cursors
        self._keep = keep
        self._hold = hold

    async def read(self, limit: int = 1_000) -> Sequence[Entry]:
        """The next committed entries after the last acknowledged one; empty when there are none."""
        return await self._cursors.run(FOLLOWERS, lambda cursor: self._read(cursor, limit))

    async def runs(
        self, limit: int, *, after: int, wants: Callable[[RunHead], bool]
    ) -> tuple[Sequence[KeptRun], int]:
        """The runs that are wanted among the next `limit` entries after a place, and the place of
        the last. `wants` is asked for each in order, in another thread."""
        return await self._cursors.run(
            FOLLOWERS, lambda cursor: self._runs(cursor, limit, after, wants)
        )

    def ack(self, seq: int) -> None:
        """Everything up to this entry has been carried; kept with the next commit."""
        self.position = seq
        self._keep(self.name, seq, self._hold)

    async def behind(self) -> int:
        """How many committed entries are not acknowledged yet."""
        params = {"after": self.position}
        found = await self._cursors.fetch("behind", params)
        return int(found[0][0])

    def leave(self) -> None:
        """Forget the cursor: nobody follows under this name any more."""
        self._keep(self.name, None, self._hold)

    def _runs(
        self, cursor: Cursor, limit: int, after: int, wants: Callable[[RunHead], bool]
    ) -> tuple[list[KeptRun], int]:
        between = self._next(cursor, limit, after)
        if between is None:
            return [], after
        # The end first: what is committed meanwhile comes after it and is read the next time.
        last = self._cursors.named(cursor, "last_between", between)[0][0]
        between["upto"] = last
        heads = self._cursors.gently(cursor, "heads_between", between)
        seqs = [head[0] for head in heads if wants(history.run_head(head))]
        if not seqs:
            return [], last
        rows = self._cursors.gently(cursor, "runs_between", between | {"seqs": seqs})
        return [run for row in rows if (run := history.kept_run(row)) is not None], last

    def _next(self, cursor: Cursor, limit: int, after: int) -> dict[str, int] | None:
        following = self._cursors.named(cursor, "next_seq", {"after": after})[0][0]
        if following is None:
            return None
        return {"after": following - 1, "upto": following - 1 + limit}

    def _read(self, cursor: Cursor, limit: int) -> list[Entry]:
        named = self._cursors.named
        between = self._next(cursor, limit, self.position)
        if between is None:
            return []
        rows = named(cursor, "entries_between", between)
        readings: dict[int, list[Latest]] = {}
        for seq, *reading in named(cursor, "readings_between", between):
            readings.setdefault(seq, []).append(history.latest(tuple(reading)))
        return [history.entry(row, readings.get(row[0], [])) for row in rows]
