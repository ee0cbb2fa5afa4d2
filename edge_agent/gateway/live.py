"""The live stream: the last few things of each kind, and clients that follow at their own pace.

The hot path only appends to a bounded ring, however many clients there are. A client remembers how
far it has read; what a ring forgot meanwhile it is told as a number. Nothing is kept while nobody
listens.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID

import msgspec

from schemas.device import Change
from schemas.event import Event
from schemas.live import EffectLive, ReadingLive
from schemas.run import Effect, RunRecord
from schemas.traces import EffectView, EventView, RunSummary

KINDS = ("event", "reading", "run", "effect")
KEPT = 256
BATCH = 64
HEARTBEAT_SECONDS = 15.0
PACE_SECONDS = 0.05
_LARGE_BYTES = 2048


class Item:
    """One thing that happened; encoded once, when the first client wants it."""

    __slots__ = ("_frame", "_what", "order")

    def __init__(self, order: int, what: Any) -> None:
        self.order = order
        self._what = what
        self._frame = b""

    def frame(self, kind: str) -> bytes:
        """The server-sent event."""
        if not self._frame:
            data = _json(self._what)
            self._frame = b"event: %b\ndata: %b\n\n" % (kind.encode(), data)
            self._what = None
        return self._frame


class Ring:
    """The last `KEPT` things of one kind, and how many there ever were."""

    __slots__ = ("items", "total")

    def __init__(self) -> None:
        self.items: deque[Item] = deque(maxlen=KEPT)
        self.total = 0

    def add(self, item: Item) -> None:
        """Append; the oldest is forgotten."""
        self.items.append(item)
        self.total += 1


class Live:
    """What happens, as it happens. `listening` is False while there is nobody to tell."""

    def __init__(self) -> None:
        self.listening = False
        self.closed = False
        self._rings = {kind: Ring() for kind in KINDS}
        self._order = 0
        self._news = asyncio.Event()
        self._asleep = False
        self._followers = 0

    @property
    def followers(self) -> int:
        """How many clients listen."""
        return self._followers

    def event(self, event: Event) -> None:
        """Something arrived."""
        if self.listening:
            large = len(event.raw) > _LARGE_BYTES  # must not stay in memory for the ring's sake
            self._add("event", event_view(event, None) if large else event)

    def readings(self, changes: list[Change]) -> None:
        """Devices reported."""
        if self.listening:
            for change in changes:
                self._add("reading", change)

    def run(self, record: RunRecord) -> None:
        """A run ended or began to wait."""
        if self.listening:
            self._add("run", run_summary(record))

    def effect(self, run: int, pipeline: str, effect: Effect) -> None:
        """A run acted."""
        if self.listening:
            self._add("effect", (run, pipeline, effect))

    def close(self) -> None:
        """End every stream."""
        self.closed = True
        self._news.set()

    async def follow(self, kinds: tuple[str, ...] = KINDS) -> AsyncIterator[bytes]:
        """Server-sent events from now on, in batches; comments while nothing happens."""
        read = {kind: self._rings[kind].total for kind in kinds}
        self._followers += 1
        self.listening = True
        try:
            yield b": live\n\n"
            while not self.closed:
                if batch := self._take(read):
                    yield batch
                    await asyncio.sleep(PACE_SECONDS)
                elif not await self._news_came():
                    yield b": still here\n\n"
        finally:
            self._leave()

    def _add(self, kind: str, what: Any) -> None:
        self._order += 1
        self._rings[kind].add(Item(self._order, what))
        if self._asleep:
            self._asleep = False
            self._news.set()
            self._news = asyncio.Event()

    def _take(self, read: dict[str, int]) -> bytes:
        lost = 0
        found: list[tuple[int, str, Item]] = []
        for kind, seen in read.items():
            ring = self._rings[kind]
            fresh = min(ring.total - seen, len(ring.items))
            read[kind] = ring.total - fresh
            lost += read[kind] - seen
            start = len(ring.items) - fresh
            kept = islice(ring.items, start, start + BATCH)
            found.extend((item.order, kind, item) for item in kept)
        found.sort()
        del found[BATCH:]
        for _, kind, _ in found:
            read[kind] += 1
        dropped = b'event: dropped\ndata: {"count":%d}\n\n' % lost if lost else b""
        return dropped + b"".join(item.frame(kind) for _, kind, item in found)

    async def _news_came(self) -> bool:
        self._asleep = True
        try:
            async with asyncio.timeout(HEARTBEAT_SECONDS):
                return await self._news.wait()
        except TimeoutError:
            return False

    def _leave(self) -> None:
        self._followers -= 1
        if not self._followers:
            self.listening = False
            for ring in self._rings.values():
                ring.items.clear()


def moment(seconds: float) -> datetime:
    """Epoch seconds as the API shows them."""
    return datetime.fromtimestamp(seconds, UTC)


def run_summary(record: RunRecord) -> RunSummary:
    """A run in one line."""
    return RunSummary(
        id=str(UUID(int=record.id)),
        pipeline=record.pipeline,
        state=record.state,
        started=moment(record.started),
        finished=None if record.finished is None else moment(record.finished),
        trigger=str(record.trigger.get("id", "")),
        version=record.version,
        error=record.error,
    )


def effect_view(effect: Effect) -> EffectView:
    """An effect as the API shows it."""
    return EffectView(
        step=effect.step,
        kind=effect.kind,
        target=effect.target,
        payload=effect.payload,
        ts=moment(effect.ts),
        performed=effect.performed,
        rounds=list(effect.rounds),
    )


def event_view(event: Event, payload: Any) -> EventView:
    """An event as the API shows it; `payload` may be left out for its size."""
    return EventView(
        id=str(UUID(int=event.id)),
        ts=moment(event.ts),
        channel=event.channel,
        source=event.source,
        payload=payload,
        size_bytes=len(event.raw),
    )


def _reading(change: Change) -> ReadingLive:
    return ReadingLive(
        ts=moment(change.ts),
        device=change.device,
        device_key=change.key,
        property=change.property,
        value=change.value,
        previous=change.previous,
        unit=change.unit,
        instance=change.instance,
    )


def _view(what: Any) -> Any:
    if isinstance(what, Event):
        return event_view(what, what.payload)
    if isinstance(what, Change):
        return _reading(what)
    if isinstance(what, tuple):
        run, pipeline, effect = what
        return EffectLive(str(UUID(int=run)), pipeline, effect_view(effect))
    return what


def _json(what: Any) -> bytes:
    try:
        return msgspec.json.encode(_view(what), enc_hook=str)
    except (UnicodeEncodeError, RecursionError, TypeError) as error:  # a payload JSON cannot hold
        return msgspec.json.encode({"unreadable": str(error)})
