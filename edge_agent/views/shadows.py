"""Versions put beside the live ones for a while, and how they compare."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from edge_agent.gateway.live import moment
from flows.comparison import Comparison, Firing, Side
from flows.engine import Engine
from flows.shadows import Shadows
from pipelines.blueprint import Blueprints
from pipelines.compiler import Compiler, documents
from pipelines.library import compile_document
from pipelines.plan import BESIDE, Plan
from pipelines.ports import Handle
from pipelines.source import Reader
from schemas.identity import text_id, unique_id
from schemas.problem import Position, Problem, UserError
from schemas.shadows import Action, ShadowFiring, ShadowReport, ShadowSide, StartShadow

LEASE_SECONDS = 60.0
"""So long nobody may ask before a comparison ends by itself: who began it is gone."""

Candidate = tuple[Plan, Callable[[Plan], Plan]]


class _Watch(NamedTuple):
    comparisons: Sequence[Comparison]
    without: list[str]


class ShadowsView:
    """Implements `edge_agent.gateway.ports.ShadowRuns`."""

    def __init__(self, home: Path, engine: Engine, shadows: Shadows, compiler: Compiler) -> None:
        self._home = home
        self._engine = engine
        self._shadows = shadows
        self._compiler = compiler
        self._watches: dict[str, _Watch] = {}
        self._leases: dict[str, Handle] = {}

    async def start(self, request: StartShadow) -> ShadowReport:
        """Run the versions of a text beside the live ones; asked for again within a minute."""
        candidates = await asyncio.to_thread(self._compiled, request)
        names = [plan.id for plan, _ in candidates]
        for other, watch in tuple(self._watches.items()):
            if any(each.pipeline in names for each in watch.comparisons):
                await self.stop(other)
        identity, now = text_id(unique_id()), self._engine.clock.now()
        comparisons = [Comparison(name, now) for name in names]
        without = [name for name in names if name not in self._engine.lanes]
        self._watches[identity] = _Watch(comparisons, without)
        self._engine.on_run += [each.note for each in comparisons]
        for plan, aside in candidates:
            self._shadows.put(plan, aside)
        return await self.report(identity)

    async def report(self, identity: str) -> ShadowReport:
        """How they compare by now."""
        watch = self._watch(identity)
        self._lease(identity)
        return _report(identity, watch)

    async def stop(self, identity: str) -> ShadowReport:
        """End the versions beside; how they compared."""
        report = _report(identity, self._watch(identity))
        self._end(identity)
        return report

    def _watch(self, identity: str) -> _Watch:
        try:
            return self._watches[identity]
        except KeyError:
            raise LookupError(f"no comparison `{identity}` goes on") from None

    def _lease(self, identity: str) -> None:
        clock = self._engine.clock
        if (lease := self._leases.pop(identity, None)) is not None:
            lease.cancel()
        self._leases[identity] = clock.call_at(
            clock.now() + LEASE_SECONDS, lambda: self._end(identity)
        )

    def _end(self, identity: str) -> None:
        self._leases.pop(identity).cancel()
        for each in self._watches.pop(identity).comparisons:
            self._engine.on_run.remove(each.note)
            self._shadows.drop(each.pipeline + BESIDE)

    def _compiled(self, request: StartShadow) -> Sequence[Candidate]:
        """The versions in a text.

        Raises:
            UserError: it has errors, or no pipeline.
        """
        reader = Reader(self._home)
        tree = reader.parse(request.text, request.file, self._home / "pipelines")
        problems, found, blueprints = list(reader.problems), list[Candidate](), Blueprints(reader)
        for document, at in documents(tree, Position(request.file, 1, 1)):
            made = compile_document(document, at, self._compiler, blueprints)
            problems += made.problems
            if made.plan is not None:
                found.append((made.plan, made.aside))
        errors = [problem for problem in problems if problem.severity == "error"]
        if errors or not found:
            raise UserError(*errors or [Problem(Position(request.file), "there is no pipeline")])
        return found


def _report(identity: str, watch: _Watch) -> ShadowReport:
    totals: dict[str, int] = {}
    firings = []
    for each in watch.comparisons:
        for verdict, count in each.totals().items():
            totals[verdict] = totals.get(verdict, 0) + count
        firings += [_firing(each.pipeline, firing) for firing in each.firings()]
    firings.sort(key=lambda each: each.ts)
    names = [each.pipeline for each in watch.comparisons]
    since = moment(watch.comparisons[0].since)
    return ShadowReport(identity, names, since, totals, firings, watch.without)


def _firing(pipeline: str, firing: Firing) -> ShadowFiring:
    event = firing.event
    return ShadowFiring(
        pipeline, moment(event.ts), event.channel, event.source.replace(BESIDE, ""), firing.verdict,
        _side(firing.live), _side(firing.candidate),
    )  # fmt: skip


def _side(side: Side | None) -> ShadowSide | None:
    if side is None:
        return None
    record = side.record
    actions = [Action(*each) for each in side.actions]
    return ShadowSide(text_id(record.id), record.state, record.error, actions)
