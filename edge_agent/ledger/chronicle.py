"""What the ledger holds of a span of time: the state at its beginning, and what came then."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from edge_agent.ledger import history
from edge_agent.ledger.packing import More, micros
from edge_agent.ledger.records import Latest
from schemas.event import Event

Rows = list[tuple[Any, ...]]
Fetch = Callable[[str, Mapping[str, Any]], Awaitable[Rows]]


class Kind(Struct, frozen=True):
    """What messages of one source have in common; `items` are (device key, property), `names` how
    those devices were called, by key."""

    number: int
    channel: str
    source: str
    items: frozenset[tuple[str, str]]
    names: Mapping[str, str] = {}


class Happened(Struct, frozen=True):
    """One event of the past with the readings it made.

    `payload` of the event is its text; `raw` what came over the wire, where the ledger has it.
    """

    event: Event
    readings: Sequence[Latest] = ()


class Chronicle:
    """Asks the ledger about the past; `fetch` runs a query of `queries.sql`. Times in epoch s."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    async def kinds(self) -> list[Kind]:
        """Every kind of message there is."""
        found: dict[tuple[int, str, str], dict[tuple[str, str], str]] = {}
        for number, channel, source, key, property, name in await self._fetch("every_kind", {}):
            items = found.setdefault((number, channel, source), {})
            if key is not None:
                items[key, property] = name
        return [
            Kind(*kind, frozenset(items), {key: name for (key, _), name in items.items()})
            for kind, items in found.items()
        ]

    async def span(
        self, kinds: Collection[int], since: float, until: float, limit: int
    ) -> list[Happened]:
        """The last `limit` events of these kinds in a span of time, oldest first."""
        if not kinds:
            return []
        bounds = {"since": micros(since), "until": micros(until), "limit": limit}
        rows = await self._fetch("span", {"kinds": list(kinds), **bounds})
        if not rows:
            return []
        seqs = {"first": rows[-1][0], "last": rows[0][0]}
        readings: dict[int, Rows] = {}
        for row in await self._fetch("span_readings", {"kinds": list(kinds), **seqs}):
            readings.setdefault(row[0], []).append(row)
        return [_happened(row, readings.get(row[0], ())) for row in reversed(rows)]

    async def page(
        self, kinds: Collection[int], since: float, until: float, *, after: int, limit: int
    ) -> list[tuple[int, Happened]]:
        """Events of these kinds after a place, oldest first, each with its place."""
        bounds = {"since": micros(since), "until": micros(until), "after": after, "limit": limit}
        rows = await self._fetch("page", {"kinds": list(kinds), **bounds}) if kinds else []
        return [(row[0], _happened(row, ())) for row in rows]

    async def state(self, at: float) -> list[Latest]:
        """The last value of every property before a time."""
        rows = await self._fetch("state_at", {"at": micros(at)})
        seqs = sorted({row[0] for row in rows if row[6] in history.IN_TEXTS})
        kept = await self._fetch("texts", {"seqs": seqs}) if seqs else []
        texts = {seq: msgspec.json.decode(more, type=More).texts for seq, more in kept}
        found = (history.last_known(row, texts.get(row[0], ())) for row in rows)
        return [each for each in found if each.value is not None]

    async def memory(
        self, at: float, now: Sequence[tuple[str, Any, float]]
    ) -> list[tuple[str, Any, float]]:
        """What was remembered at a time (key, value, when it was set); `now` is what is today."""
        found = {key: (value, ts) for key, value, ts in now}
        for key, before, ts, after in await self._fetch("memory_at", {"at": micros(at)}):
            if before is not None:
                found[key] = msgspec.json.decode(before)["value"], ts / 1e6
            elif after is not None:
                found[key] = msgspec.json.decode(after)["previous"], 0.0
        return [(key, value, ts) for key, (value, ts) in found.items() if value is not None]

    async def last(self, kinds: Collection[int], before: float) -> float | None:
        """When the last event of these kinds came before a time; None: none is known."""
        wanted = {"kinds": list(kinds), "before": micros(before)}
        found = (await self._fetch("last_of", wanted))[0][0] if kinds else None
        return None if found is None else found / 1e6


def _happened(row: tuple[Any, ...], readings: Sequence[tuple[Any, ...]]) -> Happened:
    _, ts, received, identity, payload, channel, source, retain, qos, kept = row
    more = msgspec.json.decode(kept, type=More) if kept else More()
    raw = base64.b64decode(more.raw) if more.raw else (payload or "").encode()
    event = Event(
        history.number(identity) if identity else 0,
        ts / 1e6,
        (ts if received is None else received) / 1e6,
        channel,
        source,
        payload,
        raw,
        retain,
        qos=qos,
    )
    return Happened(event, [history.last_known(reading, more.texts) for reading in readings])
