"""The runs of `path: flow`: opened at Prefect's engine, and made good where it has missed some."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from edge_agent.ledger.ledger import Ledger
from edge_agent.prefect.api import Refused
from edge_agent.prefect.flow_engine import FlowEngine
from edge_agent.prefect.mirror import Way
from flows.engine import Engine
from flows.prefect.carriage import Carriage, Say
from flows.prefect.deployment import parameter_schema
from flows.prefect.engine.words import Done, Open, Said
from flows.prefect.history import CARRIED, CLAIMED, LATE
from flows.records import record_of
from pipelines.inputs import Inputs
from pipelines.plan import Plan
from pipelines.scope import Scope
from pipelines.secrecy import hidden
from schemas.event import Event
from schemas.identity import text_id
from schemas.kept_run import kept
from schemas.run import RunRecord

log = logging.getLogger(__name__)

_PATIENCE = 30.0  # seconds for the engine to begin a run; then it is executed without it
_LAST_WORDS = 15.0  # and to tell Prefect of its end
_EVERY, _AFTER_TROUBLE = 1.0, 5.0
_OPEN = frozenset({"queued", "running", "waiting"})
_OWNER = "prefect/carried"


class PrefectFlows:
    """Implements `flows.carrying.Flows`.

    A run is noted in a slot until Prefect has all of it. What it has missed, because its engine or
    its server was away, is written from the run's record by `make_good`. While the server is
    `starting` runs wait for it.
    """

    def __init__(
        self,
        process: FlowEngine,
        *,
        agent: str,
        engine: Engine,
        ledger: Ledger,
        deployments: Mapping[str, str],
        way: Way,
        starting: Callable[[], bool] = lambda: False,
    ) -> None:
        self.process = process
        process.ready, process.failed, process.hear = self._again, self._gone, self._hear
        self._agent = agent
        self._engine = engine
        self._ledger = ledger
        self._deployments = deployments
        self._way = way
        self._starting = starting
        self._carriages: dict[str, Carriage] = {}
        self._noted = engine.slots(_OWNER)
        self._left = set(self._noted.keys())
        self._missed: dict[str, RunRecord] = {}
        self._closing: set[asyncio.Task[None]] = set()
        engine.on_run.append(self._ended)

    # ------------------------------------------------------------------ runs
    def carriage(self, plan: Plan, scope: Scope) -> Carriage:
        """Take a run, new or taken up again."""
        run, is_new = text_id(scope.run_id), CARRIED not in scope.trigger
        opening = Open(
            run,
            _opening(plan, scope),
            self._agent,
            plan.description,
            parameter_schema(plan.inputs.specs if isinstance(plan.inputs, Inputs) else {}),
            self._deployments.get(plan.id, ""),
            claimed=CLAIMED in scope.trigger,
        )
        self._noted.put(run, plan.id)
        say = _hiding(self.process.say, plan.secrets)
        made = Carriage(opening, say, patience=_PATIENCE, is_new=is_new, coming=self._coming)
        self._carriages[run] = made
        if self._coming():
            log.info("a run waits for Prefect, which is starting", extra={"run": run})
        return made

    def _coming(self) -> bool:
        """Whether the server, or the engine after it, is starting and has not failed yet."""
        return self._starting() or (self.process.starts > 0 and not self.process.is_up)

    def run_of(self, flow_run: str) -> str:
        """The run that is carried as this flow run; its own id where none is."""
        known = self._carriages.values()
        return next((each.opening.run for each in known if each.flow_run == flow_run), flow_run)

    def holds(self, flow_run: Mapping[str, Any]) -> bool:
        """Whether Prefect hears of this flow run of the API's from its engine."""
        known = self._carriages
        return flow_run["id"] in known or flow_run["idempotency_key"] in known

    def _expect(self) -> None:
        """Start the process if a pipeline may need it: that takes seconds. Not before the server
        is there: until then runs wait for a while."""
        plans = (lane.plan for lane in self._engine.lanes.values())
        if self._carriages or any(plan.path == "flow" for plan in plans):
            self.process.want()

    # ------------------------------------------------------------------ the process
    def _hear(self, word: Said) -> None:
        if (carriage := self._carriages.get(word.run)) is not None:
            carriage.hear(word)

    def _again(self) -> None:
        for carriage in tuple(self._carriages.values()):
            carriage.again()

    def _gone(self) -> None:
        for carriage in tuple(self._carriages.values()):
            carriage.gone()

    # ------------------------------------------------------------------ ends
    def _ended(self, plan: Plan, record: RunRecord, event: Event) -> None:
        run = text_id(record.id)
        if record.state in _OPEN or run not in self._carriages:
            return
        closing = asyncio.create_task(self._close(run, record))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def _close(self, run: str, record: RunRecord) -> None:
        """Wait until Prefect has the end of a run, or gets it from us alone."""
        carriage = self._carriages[run]
        state = await _let_go(carriage)
        del self._carriages[run]
        if CARRIED not in record.trigger or (carriage.is_whole and state):
            self._noted.drop(run)
        else:
            self._missed[run] = record

    async def run(self) -> None:
        """Look after the process and after what Prefect has missed, until cancelled."""
        while True:
            self._expect()
            try:
                await self.make_good()
            except OSError:
                await asyncio.sleep(_AFTER_TROUBLE)
            await asyncio.sleep(_EVERY)

    async def make_good(self) -> None:
        """Write what Prefect has missed.

        Raises:
            OSError: not now.
        """
        for run in tuple(self._left):
            await self._look_after(run)
            self._left.discard(run)
        for run, record in list(self._missed.items()):
            late = replace(record, trigger=record.trigger | {CARRIED: LATE})
            try:
                await self._way.write([kept(late)], self._deployments)
            except Refused as refused:
                extra = {"run": run, "reason": str(refused)}
                log.error("Prefect does not take the end of a run", extra=extra)
            self._noted.drop(run)
            del self._missed[run]

    async def _look_after(self, run: str) -> None:
        """A run of an earlier life: where it has ended, Prefect may not know."""
        if run in self._carriages or run in self._missed:
            return
        found = await self._ledger.trace(UUID(run).int)
        if found is None or found.run is None:
            self._noted.drop(run)
        elif found.run.state not in _OPEN:
            self._missed[run] = found.run

    async def stop(self) -> None:
        """End the process; what it carries is taken up after the next start."""
        for closing in self._closing:
            closing.cancel()
        await self.process.stop()


async def _let_go(carriage: Carriage) -> str:
    """Wait until the engine has done with a run: what it says later would hide what we write."""
    for _ in range(2):
        try:
            async with asyncio.timeout(_LAST_WORDS):
                return await asyncio.shield(carriage.closed)
        except TimeoutError:
            carriage.alone()
    return ""


def _opening(plan: Plan, scope: Scope) -> RunRecord:
    record = record_of(plan, scope, "scheduled", None, [])
    return replace(record, trigger={k: v for k, v in record.trigger.items() if k != CARRIED})


def _hiding(say: Say, secrets: frozenset[str]) -> Say:
    """What says words without secrets; but for what is kept, which stays on this machine."""
    if not secrets:
        return say
    return lambda word: say(word if isinstance(word, Done) else hidden(word, secrets))
