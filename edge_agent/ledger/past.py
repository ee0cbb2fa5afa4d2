"""What the ledger holds, as it was handled: for windows that take up where they left off."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from edge_agent.ledger import history
from edge_agent.ledger.packing import More
from firmware_profiles.payloads import parse
from flows.topics import TopicTree
from schemas.device import Change
from schemas.event import Event

Rows = Callable[[str, Mapping[str, Any]], list[tuple[Any, ...]]]
_AT_ONCE = 20_000


class LedgerPast:
    """Implements `pipelines.ports.Past`; what has not been committed is not there to be read.

    `position` tells the last row recorded, `rows` gives those of a query of `queries.sql`.
    """

    def __init__(self, position: Callable[[], int], rows: Rows) -> None:
        self.position = position
        self._rows = rows

    def readings_since(self, after: int, property: str | None) -> Iterator[tuple[Change, Event]]:
        """Readings of live messages after a position."""
        for row in self._pages("past_readings", after, {"property": property}):
            seq, ts, received, key, device, name, instance, kind, figure, text, unit = row
            value = history.value(kind, figure, text)
            change = Change(key, device, name, instance, value, None, False, ts / 1e6, unit)
            yield change, Event(seq, ts / 1e6, received / 1e6, "mqtt", "")

    def messages_since(self, after: int, topic_filter: str) -> Iterator[Event]:
        """Live messages after a position whose topics match a filter."""
        tree: TopicTree[bool] = TopicTree()
        tree.add(topic_filter, True)
        kinds = {kind: topic for kind, topic in self._rows("past_topics", {}) if tree.match(topic)}
        for row in self._pages("past_messages", after, {"kinds": list(kinds)}):
            seq, ts, received, kind, payload, more = row
            raw = payload.encode() if payload is not None else _raw(more)
            yield Event(seq, ts / 1e6, received / 1e6, "mqtt", kinds[kind], parse(raw), raw)

    def _pages(
        self, query: str, after: int, params: Mapping[str, Any]
    ) -> Iterator[tuple[Any, ...]]:
        """All rows, a number of entries at a time: there may be a day of them."""
        last = self.position()
        while after < last:
            upto = self._rows("past_page", {"after": after, "limit": _AT_ONCE})[0][0]
            if upto is None:
                return
            yield from self._rows(query, {"after": after, "upto": upto, **params})
            after = upto


def _raw(more: str | None) -> bytes:
    return b"" if more is None else base64.b64decode(msgspec.json.decode(more, type=More).raw)
