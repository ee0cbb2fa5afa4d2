"""Why a pipeline did not run: its triggers asked again, over what the ledger holds."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from edge_agent.devices.registry import Registry
from edge_agent.ledger.chronicle import Happened, Kind
from edge_agent.ledger.ledger import Ledger
from edge_agent.ledger.records import VersionRow
from edge_agent.loading import load_components
from edge_agent.reloading.versions import compiled_texts
from edge_agent.replaying.beginning import beginning
from edge_agent.replaying.home import Beginning, ReplayedHome
from edge_agent.replaying.looks import Look, Looks
from edge_agent.replaying.relevant import read_by, watched_by
from flows.sun import sun_function
from pipelines.compiler import Compiler
from pipelines.explaining import ExplainingDraft
from pipelines.plan import Plan
from pipelines.ports import Home, Ports
from pipelines.tree import Map
from pipelines.trigger import OnTime
from schemas.run import RunRecord

LOOK_BACK = 86_400.0
SOON_AFTER = 60.0  # a time that somebody names is a minute, not an instant
AROUND = 600.0
_MOST_EVENTS = 5_000  # half a second of work, on a small board three


class Known(Struct, frozen=True):
    """What is known of a pipeline around a time (epoch seconds), from the ledger alone.

    `looks` are what reached its triggers from `since` on, in order; `last` when each trigger's
    messages last came, `due` when those of the clock are due next, `queued` when runs that wait in
    the queue today were started. `down` is the time around `at`
    in which no agent ran. `unavailable` are devices its triggers watch; `enabled` whether it was
    switched on, None: as its file says.
    """

    plan: Plan
    at: float
    since: float
    accepted: float
    looks: Sequence[Look]
    last: Mapping[str, float | None]
    due: Mapping[str, float | None]
    runs: Sequence[RunRecord]
    queued: Sequence[float] = ()
    down: tuple[float, float] | None = None
    unavailable: Sequence[str] = ()
    enabled: bool | None = None


class Asking:
    """Asks the ledger of a home that lies in a folder."""

    def __init__(self, folder: Path, home: Home, ledger: Ledger) -> None:
        self._folder = folder
        self._home = home
        self._ledger = ledger

    async def past(self, pipeline: str, at: float) -> Known | None:
        """What is known of a pipeline around a time; None when it was not in force.

        Raises:
            LookupError: no agent has had such a pipeline in service.
        """
        row = await self._in_force(pipeline, at)
        if not row.version:
            return None
        version = Version(self._folder, row, self._ledger.version_texts(row))
        chronicle, until = self._ledger.chronicle, at + SOON_AFTER
        kinds = await chronicle.kinds()
        now = await beginning(self._ledger, self._folder, self._home, at, kinds)
        probe = await asyncio.to_thread(played, now, version, [], at)
        reach = {name: watched_by(watches, kinds) for name, watches in probe.looks.watches.items()}
        wanted = set().union(*reach.values(), read_by(version.fields, kinds, probe.home.registry))
        wanted |= {k.number for k in kinds if (k.channel, k.source) == ("switch", pipeline)}
        since = at - LOOK_BACK
        happened = await chronicle.span(wanted, since, until, _MOST_EVENTS)
        if len(happened) == _MOST_EVENTS:
            since = happened[0].event.received
        first = await beginning(self._ledger, self._folder, self._home, since, kinds)
        then = await asyncio.to_thread(played, first, version, happened, until)
        runs = await self._ledger.runs(
            pipeline=pipeline, since=at - LOOK_BACK, before=until, limit=200
        )
        return Known(
            plan=then.plan,
            at=at,
            since=since,
            accepted=row.accepted,
            looks=then.looks.seen,
            last={name: await chronicle.last(numbers, until) for name, numbers in reach.items()},
            due=_due(then.looks, at),
            runs=runs,
            queued=self._queued(pipeline),
            down=await self._down(kinds, at),
            unavailable=_unavailable(then.home.registry, reach, kinds),
            enabled=_switched(happened, at),
        )

    def _queued(self, pipeline: str) -> list[float]:
        """When the runs that wait their turn now were started."""
        slots = self._ledger.slots()
        return [s.value["started"] for s in slots if s.owner == f"queue/{pipeline}"]

    async def _in_force(self, pipeline: str, at: float) -> VersionRow:
        """The version that was in force at a time, the first where none was yet."""
        rows = await self._ledger.versions(pipeline)
        if not rows:
            raise LookupError(f"no agent has had a pipeline `{pipeline}` in service here")
        return next((row for row in rows if row.accepted <= at), rows[-1])

    async def _down(self, kinds: Sequence[Kind], at: float) -> tuple[float, float] | None:
        """When no agent ran around a time, as the next start told."""
        starts = {k.number for k in kinds if k.channel == "startup"}
        later = await self._ledger.chronicle.span(starts, at, at + 400 * LOOK_BACK, 10_000)
        if not later:
            return None
        started, since = later[0].event.ts, _payload(later[0]).get("down_since")
        return (since, started) if since is not None and since <= at < started else None


class Version:
    """One version of a pipeline as the ledger keeps it, compiled so that it can say why."""

    def __init__(self, folder: Path, row: VersionRow, texts: Mapping[str, str]) -> None:
        self._folder = folder
        self._row = row
        self._texts = texts
        self.fields: list[Map] = []

    def compiled(self, ports: Ports) -> Plan:
        """The Plan for these ports.

        Raises:
            LookupError: it no longer compiles.
        """
        load_components()
        self.fields.clear()
        compiler = Compiler(
            ports,
            {"sun": sun_function(ports.home, ports.clock.now)},
            draft=partial(ExplainingDraft, fields=self.fields),
        )
        file = compiled_texts(self._texts, self._row.file, self._folder, compiler)
        for part in file.parts:
            if part.plan.id == self._row.pipeline:
                return part.plan
        raise LookupError(f"version {self._row.version} no longer compiles")


class _Played(Struct):
    plan: Plan
    home: ReplayedHome
    looks: Looks


def played(
    first: Beginning, version: Version, happened: Sequence[Happened], until: float
) -> _Played:
    """The past played on a loop of its own: the agent's must not wait."""
    return asyncio.run(_play(first, version, happened, until))


async def _play(
    first: Beginning, version: Version, happened: Sequence[Happened], until: float
) -> _Played:
    made: list[tuple[Plan, Looks]] = []

    def watched(ports: Ports) -> Sequence[Plan]:
        plan = version.compiled(ports)
        looks = Looks(plan, ports.clock.now)
        made.append((plan, looks))
        return [looks.plan]

    home = ReplayedHome(first, watched)
    ((plan, looks),) = made
    home.engine.lanes[plan.id].refusals = looks
    home.engine.on_run.append(lambda _, record, event: looks.ran(record))
    await home.play(happened, until)
    return _Played(plan, home, looks)


def _due(looks: Looks, at: float) -> dict[str, float | None]:
    """When each trigger of the clock is due next after a time."""
    return {
        name: watch.next_after(at)
        for name, watches in looks.watches.items()
        for watch in watches
        if isinstance(watch, OnTime)
    }


def _unavailable(
    registry: Registry, reach: Mapping[str, set[int]], kinds: Sequence[Kind]
) -> list[str]:
    numbers = set().union(*reach.values())
    keys = {key for kind in kinds if kind.number in numbers for key, _ in kind.items}
    return sorted({registry.name(k) for k in keys if registry.value(k, "available") is False})


def _switched(happened: Sequence[Happened], at: float) -> bool | None:
    told = [_payload(h) for h in happened if h.event.channel == "switch" and h.event.ts <= at]
    return bool(told[-1].get("enabled")) if told else None


def _payload(happened: Happened) -> dict[str, Any]:
    text = happened.event.payload
    return msgspec.json.decode(text, type=dict[str, Any]) if text else {}
