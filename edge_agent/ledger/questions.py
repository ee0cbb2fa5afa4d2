"""What can be asked of a ledger: by users in SQL, about runs, by the agent at its start."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec.json import decode

from edge_agent.ledger import history
from edge_agent.ledger.asking import Asking
from edge_agent.ledger.cursors import Cursors
from edge_agent.ledger.packing import More, micros
from edge_agent.ledger.records import Bucket, DeviceRow, Entry, Latest, VersionRow
from schemas.api import MOST_ROWS
from schemas.run import RunRecord, Slot

_LARGE_ROWS = 16


class Questions(ABC):
    """The reading side; answers include everything recorded before the question."""

    def __init__(self, cursors: Cursors, asking: Asking) -> None:
        self._cursors = cursors
        self._asking = asking

    @abstractmethod
    async def flush(self) -> bool:
        """Wait until everything recorded so far is committed."""

    async def query(
        self,
        sql: str,
        params: Mapping[str, Any] | None = None,
        *,
        limit: int = MOST_ROWS,
        seconds: float = 10.0,
    ) -> list[dict[str, Any]]:
        """Rows of a user's read-only SQL, sees everything recorded before. Raises QueryProblem."""
        await self.flush()
        return await self._asking.query(sql, params or {}, limit=limit, seconds=seconds)

    async def runs(
        self,
        *,
        pipeline: str | None = None,
        state: str | None = None,
        since: float | None = None,
        before: float | None = None,
        limit: int = 50,
    ) -> Sequence[RunRecord]:
        """Runs, newest first; `since` and `before` bound their start (epoch seconds)."""
        params = {"pipeline": pipeline, "state": state, "limit": limit}
        span = {"since": _micros(since), "before": _micros(before)}
        found = await self._fetch("run_seqs", params | span)
        return await self._runs([row[0] for row in found])

    async def _runs(self, seqs: Sequence[int]) -> Sequence[RunRecord]:
        if not seqs:
            return []
        params = {"first": min(seqs), "last": max(seqs), "seqs": list(seqs)}
        rows = await self._cursors.fetch("runs", params)
        return [run for row in rows if (run := history.entry(row, []).run) is not None]

    async def run_ids(self, prefix: str) -> Sequence[int]:
        """The ids (at most ten) of runs whose UUID begins like this; dashes do not matter."""
        digits = prefix.replace("-", "")
        low, high = int(digits.ljust(32, "0"), 16), int(digits.ljust(32, "f"), 16)
        found = await self._fetch("run_ids", {"low": str(low), "high": str(high)})
        return [history.number(row[0]) for row in found]

    async def trace(self, run: int) -> Entry | None:
        """A run with its steps and effects, and the event behind it while that is kept."""
        seq = (await self._fetch("run_seq", {"id": str(run)}))[0][0]
        found = await self._runs([seq] if seq else [])
        if not found:
            return None
        events = await self._cursors.fetch("event", {"id": str(found[0].event)})
        event = history.entry(events[0], []).event if events else None
        return Entry(seq, event, [], found[0])

    async def readings(
        self,
        *,
        device: str | None = None,
        property: str | None = None,
        since: float | None = None,
        until: float | None = None,
        limit: int = 1_000,
    ) -> Sequence[Latest]:
        """Readings, newest first; `device` is a name or key."""
        params = {"device": device, "property": property, "limit": limit}
        span = {"since": _micros(since), "until": _micros(until)}
        return [history.latest(row) for row in await self._fetch("readings", params | span)]

    async def buckets(
        self,
        *,
        span: float,
        device: str | None = None,
        property: str | None = None,
        since: float | None = None,
        until: float | None = None,
        limit: int = 1_000,
    ) -> Sequence[Bucket]:
        """Numeric readings over spans of `span` seconds, newest first."""
        size = micros(span)
        params = {"device": device, "property": property, "limit": limit, "span": size}
        times = {"since": _micros(since), "until": _micros(until)}
        rows = await self._fetch("buckets", params | times)
        return [msgspec.convert((*row[:5], row[5] * span, *row[6:]), Bucket) for row in rows]

    async def _fetch(self, name: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        await self.flush()
        return await self._cursors.fetch(name, params)

    async def versions(self, pipeline: str) -> Sequence[VersionRow]:
        """The versions of a pipeline, newest first."""
        return [_version(row) for row in await self._fetch("versions", {"pipeline": pipeline})]

    async def version_runs(self, pipeline: str) -> Mapping[str, tuple[int, float]]:
        """How many runs each version of a pipeline made, and when the last began."""
        rows = await self._fetch("version_runs", {"pipeline": pipeline})
        return {version: (count, started / 1e6) for version, count, started in rows}

    # ------------------------------------------------------------------ for the start
    def slots(self) -> Sequence[Slot]:
        """Every slot kept."""
        rows = self._cursors.rows("slots")
        return [Slot(owner, key, decode(value), due) for owner, key, value, due in rows]

    def memory(self) -> Sequence[tuple[str, Any, float]]:
        """Every remembered value: key, value, when it was set (epoch seconds)."""
        return [(key, decode(value), ts / 1e6) for key, value, ts in self._cursors.rows("memory")]

    def devices(self) -> Sequence[DeviceRow]:
        """Every device of the registry."""
        return [_device(*row) for row in self._cursors.rows("devices")]

    def latest(self) -> Sequence[Latest]:
        """The last known value of every property."""
        rows = self._cursors.rows("latest")
        texts = self._texts(sorted({row[0] for row in rows if row[6] in history.IN_TEXTS}))
        found = (history.last_known(row, texts.get(row[0], ())) for row in rows)
        return [each for each in found if each.value is not None]

    def _texts(self, seqs: Sequence[int]) -> dict[int, Sequence[Any]]:
        """What the entries hold beside their columns; a few at a time, as they may be large."""
        found: dict[int, Sequence[Any]] = {}
        for start in range(0, len(seqs), _LARGE_ROWS):
            part = {"seqs": list(seqs[start : start + _LARGE_ROWS])}
            for seq, more in self._cursors.rows("texts", part):
                found[seq] = msgspec.json.decode(more, type=More).texts
        return found

    def last_commit(self) -> float:
        """When something was last committed (epoch seconds); 0 for a new ledger."""
        return float(self._cursors.rows("last_commit")[0][0] or 0) / 1e6

    def last_versions(self) -> Sequence[VersionRow]:
        """The last version of every pipeline there ever was, also of removed ones."""
        return [_version(row) for row in self._cursors.rows("last_versions")]

    def version_hashes(self) -> Sequence[str]:
        """The hashes of all texts kept for versions."""
        return [row[0] for row in self._cursors.rows("text_hashes")]

    def version_of(self, pipeline: str, version: str) -> VersionRow | None:
        """The newest row of a version, None when it is not kept."""
        rows = self._cursors.rows("version", {"pipeline": pipeline, "version": version})
        return _version(rows[0]) if rows else None

    def version_texts(self, row: VersionRow) -> dict[str, str]:
        """The texts of the files a version was made of, by name; blocks."""
        rows = self._cursors.rows("version_texts", {"hashes": list(row.files.values())})
        texts = dict(rows)
        return {name: texts[each] for name, each in row.files.items() if each in texts}

    # ------------------------------------------------------------------ for the inbox
    def committed(self) -> int:
        """How many events of QoS 1 and 2 were ever committed; retention does not lower it."""
        return int(self._cursors.rows("committed")[0][0])

    def last_ids(self, number: int) -> Sequence[int]:
        """The ids of the last `number` of these, oldest first; fewer if they are gone."""
        if number < 1:
            return []
        # First where they begin: sorting them with their ids took 40 MB at every start.
        nth = self._cursors.rows("nth_last", {"number": number})
        found = self._cursors.rows("ids_since", {"first": nth[0][0] if nth else 0})
        return [history.number(row[0]) for row in found]

    def proven(self) -> int:
        """What `prove` kept last."""
        found = self._cursors.rows("fact", {"name": "proven"})
        return int(found[0][0]) if found else 0


def _version(row: tuple[Any, ...]) -> VersionRow:
    pipeline, number, version, accepted, note, file, place, files = row
    return VersionRow(
        pipeline, number, version, accepted / 1e6, note, file, tuple(decode(place)), decode(files)
    )


def _micros(seconds: float | None) -> int | None:
    return None if seconds is None else micros(seconds)


def _device(
    key: str,
    name: str,
    firmware: str,
    area: str | None,
    labels: str,
    available: bool | None,
    seen: int | None,
    state: str,
) -> DeviceRow:
    last_seen = None if seen is None else seen / 1e6
    return DeviceRow(key, name, firmware, area, decode(labels), available, last_seen, decode(state))
