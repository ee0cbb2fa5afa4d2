"""Recordings of what came, and pipelines played over it, from the ledger of a home."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

from edge_agent.ledger.chronicle import Happened
from edge_agent.ledger.ledger import Ledger
from edge_agent.replaying.rerun import Rerun
from flows.topics import TopicTree
from pipelines.ports import Home
from schemas.replays import Recorded, RecordedPage, RecordedQuery, ReplayReport, ReplayRequest

PAGE = 1_000


class ReplaysView:
    """Implements `edge_agent.gateway.ports.Replays`."""

    def __init__(
        self, folder: Path, home: Home, ledger: Ledger, *, now: Callable[[], float]
    ) -> None:
        self._ledger = ledger
        self._now = now
        self._rerun = Rerun(folder, home, ledger)

    async def replay(self, request: ReplayRequest) -> ReplayReport:
        """What the pipelines of a file would have done."""
        return await self._rerun.play(request, self._now())

    async def recorded(self, query: RecordedQuery) -> RecordedPage:
        """MQTT messages that came, a page at a time."""
        tree: TopicTree[bool] = TopicTree()
        tree.add(query.topic, True)
        chronicle = self._ledger.chronicle
        kinds = [
            kind.number
            for kind in await chronicle.kinds()
            if kind.channel == "mqtt" and tree.match(kind.source)
        ]
        until = self._now() if query.until is None else query.until.timestamp()
        found = await chronicle.page(
            kinds, query.since.timestamp(), until, after=query.cursor, limit=PAGE
        )
        more = found[-1][0] if len(found) == PAGE else None
        return RecordedPage([_line(each) for _, each in found], more)


def _line(happened: Happened) -> Recorded:
    event = happened.event
    try:
        payload, binary = event.raw.decode(), False
    except UnicodeDecodeError:
        payload, binary = base64.b64encode(event.raw).decode(), True
    return Recorded(event.received, event.source, payload, event.retain, event.qos, binary)
