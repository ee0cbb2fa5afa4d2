"""Runs that were asked for in Prefect: claimed, started here, cancelled, and told of their end."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from edge_agent.ledger.ledger import Ledger
from edge_agent.prefect.api import PrefectApi, Refused
from edge_agent.prefect.deployments import Deployments
from edge_agent.prefect.flows import PrefectFlows
from edge_agent.prefect.repeats import repeat
from flows.engine import Engine
from flows.prefect.history import ATTEMPT, CARRIED, CLAIMED
from pipelines.plan import Plan
from pipelines.step import StepFailed
from schemas.event import Event
from schemas.identity import text_id
from schemas.problem import UserError
from schemas.run import RunRecord

log = logging.getLogger(__name__)

_OPEN = frozenset({"queued", "running", "waiting"})
_AT_ONCE = 50


class Claims:
    """Asked now and then to `look`.

    A run keeps the id Prefect has given it. Its end goes to Prefect as a state, so that
    concurrency slots are freed and automations hear of it; its steps and log lines follow with
    the mirror.
    """

    def __init__(
        self,
        api: PrefectApi,
        engine: Engine,
        ledger: Ledger,
        deployments: Deployments,
        flows: PrefectFlows,
    ) -> None:
        self._api = api
        self._engine = engine
        self._ledger = ledger
        self._deployments = deployments
        self._flows = flows
        self._ended: dict[int, RunRecord] = {}
        self._reconciled = False
        engine.on_run.append(self._note)

    def _note(self, plan: Plan, record: RunRecord, event: Event) -> None:
        is_ours = CLAIMED in record.trigger and CARRIED not in record.trigger
        if record.state not in _OPEN and is_ours:
            self._ended[record.id] = record

    async def look(self) -> None:
        """Tell of ends, start what was asked for, cancel what is to end.

        Raises:
            OSError: not now.
        """
        if not self._deployments.ids:
            return
        if not self._reconciled:
            await self._reconcile()
            self._reconciled = True
        await self._tell()
        for wanted in await self._scheduled():
            if not self._flows.holds(wanted):
                await self._start(wanted)
        await self._tell()
        await self._cancel()

    async def _scheduled(self) -> list[dict[str, Any]]:
        asked = {
            "deployment_ids": list(self._deployments.ids.values()),
            "scheduled_before": datetime.now(UTC).isoformat(),
            "limit": _AT_ONCE,
        }
        found: list[dict[str, Any]] = await self._api.post(
            "/deployments/get_scheduled_flow_runs", asked
        )
        return found

    # ------------------------------------------------------------------ starting
    async def _start(self, wanted: dict[str, Any]) -> None:
        identity, attempt = wanted["id"], wanted["run_count"] + 1
        if not await self._set(identity, "PENDING"):
            return  # somebody else has it, or a limit holds it back
        pipeline = self._deployments.pipelines[wanted["deployment_id"]]
        try:
            lane, scope = self._engine.manual(
                pipeline, wanted["parameters"], run=UUID(identity).int
            )
        except (LookupError, UserError) as error:
            await self._set(identity, "FAILED", message=str(error))
            return
        earlier = await self._ledger.trace(UUID(identity).int) if attempt > 1 else None
        if earlier is not None:
            repeat(scope, earlier)
        scope.trigger |= {CLAIMED: wanted["name"]} | ({ATTEMPT: attempt} if attempt > 1 else {})
        if lane.plan.path == "fast" and not await self._set(identity, "RUNNING"):
            return
        if earlier is None or earlier.event is None:
            self._engine.recorder.event(scope.event)
        try:
            ready = lane.ready(scope, force=attempt > 1)
        except StepFailed as error:
            await self._set(identity, "FAILED", message=f"before the first step: {error}")
            return
        if not ready:
            text = "its conditions do not hold"
            await self._set(identity, "COMPLETED", name="Skipped", message=text)
        elif not lane.begin(scope):
            text = f"other runs are under way (mode {lane.plan.mode})"
            await self._set(identity, "CANCELLED", message=text)

    # ------------------------------------------------------------------ ending
    async def _tell(self) -> None:
        for identity, record in list(self._ended.items()):
            await self._end(record)
            del self._ended[identity]

    async def _end(self, record: RunRecord) -> None:
        state = record.state.upper()
        await self._set(text_id(record.id), state, message=record.error, force=True)

    async def _cancel(self) -> None:
        """End what is being cancelled in Prefect, and say so of what had ended already."""
        for wanted in await self._in_state("CANCELLING"):
            run = UUID(self._flows.run_of(wanted["id"])).int
            lane = self._engine.lanes[self._deployments.pipelines[wanted["deployment_id"]]]
            if lane.is_under_way(run):
                lane.cancel(run)
            elif not self._flows.holds(wanted):
                await self._set(wanted["id"], "CANCELLED", force=True)

    async def _reconcile(self) -> None:
        """After a start: runs that Prefect holds for running and that ended, or died, meanwhile."""
        for shown in await self._in_state("RUNNING", "PENDING"):
            if self._flows.holds(shown):
                continue
            kept = await self._ledger.trace(UUID(shown["id"]).int)
            if kept is None or kept.run is None or _attempt(kept.run) < shown["run_count"]:
                text = "it died with its agent"
                await self._set(shown["id"], "CRASHED", message=text, force=True)
            elif kept.run.state not in _OPEN and CLAIMED in kept.run.trigger:
                await self._end(kept.run)

    async def _in_state(self, *types: str) -> list[dict[str, Any]]:
        asked = {
            "deployments": {"id": {"any_": list(self._deployments.ids.values())}},
            "flow_runs": {"state": {"type": {"any_": types}}},
            "limit": _AT_ONCE,
        }
        found: list[dict[str, Any]] = await self._api.post("/flow_runs/filter", asked)
        return found

    async def _set(
        self, identity: str, kind: str, *, name: str = "", message: str = "", force: bool = False
    ) -> bool:
        """Propose a state; whether it was accepted."""
        state = {"type": kind, "name": name or kind.capitalize(), "message": message or None}
        body = {"state": state, "force": force}
        try:
            answer = await self._api.post(f"/flow_runs/{identity}/set_state", body)
        except Refused as refused:
            extra = {"run": identity, "reason": str(refused)}
            log.warning("Prefect does not take a state", extra=extra)
            return False
        return bool(answer["status"] == "ACCEPT")


def _attempt(run: RunRecord) -> int:
    return int(run.trigger.get(ATTEMPT, 1))
