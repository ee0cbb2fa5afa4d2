"""Pipelines played over what the ledger holds: the runs they would have made, nothing done."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from edge_agent.gateway.live import moment
from edge_agent.ledger.chronicle import Happened, Kind
from edge_agent.ledger.ledger import Ledger
from edge_agent.loading import compiler_of
from edge_agent.replaying.beginning import beginning
from edge_agent.replaying.home import Beginning, ReplayedHome
from edge_agent.replaying.looks import Looks
from edge_agent.replaying.matching import firings
from edge_agent.replaying.relevant import read_by, watched_by
from pipelines.compiler import documents
from pipelines.plan import Plan
from pipelines.ports import Home, Ports
from pipelines.source import Reader
from schemas.problem import Position, Problem, UserError
from schemas.replays import ReplayReport, ReplayRequest
from schemas.run import RunRecord

MOST_EVENTS = 200_000
_MOST_RUNS = 10_000


class Rerun:
    """Plays changed pipelines over the ledger of a home that lies in a folder."""

    def __init__(self, folder: Path, home: Home, ledger: Ledger) -> None:
        self._folder = folder
        self._home = home
        self._ledger = ledger

    async def play(self, request: ReplayRequest, now: float) -> ReplayReport:
        """What the pipelines of a file would have done in a span of time.

        The world follows the record: readings are those that came, http steps are not answered.

        Raises:
            UserError: the file has errors, or no pipeline.
        """
        since = request.since.timestamp()
        until = min(now, now if request.until is None else request.until.timestamp())
        draft = File(self._folder, request)
        kinds = await self._ledger.chronicle.kinds()
        first = await beginning(self._ledger, self._folder, self._home, since, kinds)
        wanted = await asyncio.to_thread(_wanted, draft, first, kinds)
        happened = await self._ledger.chronicle.span(wanted, since, until, MOST_EVENTS)
        runs = await asyncio.to_thread(_played, draft, first, happened, until)
        live = await self._live(draft.ids, since, until) if request.compare else None
        shown = firings(runs, live)
        return ReplayReport(
            sorted(draft.ids),
            moment(since),
            moment(until),
            len(happened),
            dict(Counter(each.verdict for each in shown)),
            shown,
            [f"only the last {MOST_EVENTS} events were played"]
            if len(happened) == MOST_EVENTS
            else [],
        )

    async def _live(self, ids: set[str], since: float, until: float) -> list[RunRecord]:
        found: list[RunRecord] = []
        for pipeline in ids:
            found += await self._ledger.runs(
                pipeline=pipeline, since=since, before=until, limit=_MOST_RUNS
            )
        return found


class File(Struct):
    """A pipeline file given as text; `ids` and `trees` are known once it was compiled."""

    folder: Path
    request: ReplayRequest
    ids: set[str] = set()
    trees: list[Any] = []

    def compiled(self, ports: Ports) -> Sequence[Plan]:
        """Its plans for these ports: they act on nothing, and remember for themselves."""
        reader, compiler = Reader(self.folder), compiler_of(ports)
        name = self.request.file
        tree = reader.parse(self.request.text, name, self.folder / "pipelines")
        problems, plans = list(reader.problems), list[Plan]()
        self.trees = [tree]
        for document, at in documents(tree, Position(name, 1, 1)):
            plan, wrong = compiler.compile(document, at, reader.texts)
            problems += wrong
            if plan is not None:
                plans.append(msgspec.structs.replace(plan, shadow=True, aside=True, enabled=True))
        errors = [problem for problem in problems if problem.severity == "error"]
        if errors or not plans:
            raise UserError(*errors or [Problem(Position(name), "there is no pipeline")])
        self.ids = {plan.id for plan in plans}
        return plans


def _wanted(file: File, first: Beginning, kinds: Sequence[Kind]) -> set[int]:
    """The kinds of messages that matter to the pipelines."""
    return asyncio.run(_probed(file, first, kinds))


async def _probed(file: File, first: Beginning, kinds: Sequence[Kind]) -> set[int]:
    probes: list[Looks] = []

    def watched(ports: Ports) -> Sequence[Plan]:
        probes.extend(Looks(plan, ports.clock.now) for plan in file.compiled(ports))
        return [probe.plan for probe in probes]

    home = ReplayedHome(first, watched)
    found = read_by(file.trees, kinds, home.registry)
    for probe in probes:
        for watches in probe.watches.values():
            found |= watched_by(watches, kinds)
    return found


def _played(
    file: File, first: Beginning, happened: Sequence[Happened], until: float
) -> list[RunRecord]:
    """The runs that would have been made; on a loop of its own, the agent's must not wait."""
    return asyncio.run(_play(file, first, happened, until))


async def _play(
    file: File, first: Beginning, happened: Sequence[Happened], until: float
) -> list[RunRecord]:
    home = ReplayedHome(first, file.compiled)
    await home.play(happened, until)
    return list(home.recorder.runs.values())
