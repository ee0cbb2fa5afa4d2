"""Pipelines as Prefect deployments: registered, switched on and off on both sides."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from edge_agent.prefect.api import PrefectApi, Refused
from flows.engine import Engine
from flows.prefect.deployment import MARK, deployment
from pipelines.plan import Plan

log = logging.getLogger(__name__)

_PAGE = 200


class Deployments:
    """The deployments of an agent; `ids` by pipeline, `pipelines` by id.

    A deployment that is paused in Prefect has its pipeline's triggers switched off, and the other
    way round; after an outage the agent's side counts.
    """

    def __init__(self, api: PrefectApi, engine: Engine, *, agent: str, time_zone: str) -> None:
        self.ids: dict[str, str] = {}
        self._api = api
        self._engine = engine
        self._agent = agent
        self._zone = time_zone
        self._versions: dict[str, str] = {}
        self._enabled: dict[str, bool] = {}  # as Prefect has it

    @property
    def pipelines(self) -> Mapping[str, str]:
        """The pipelines by the ids of their deployments."""
        return {identity: pipeline for pipeline, identity in self.ids.items()}

    def forget(self) -> None:
        """The server may be another one: register everything anew."""
        self._versions.clear()

    async def register(self) -> None:
        """Bring Prefect up to date with the pipelines in service.

        Raises:
            OSError: not now.
        """
        lanes, known = self._engine.lanes, self._versions
        plans = [lane.plan for lane in lanes.values()]
        changed = [plan for plan in plans if known.get(plan.id) != plan.version]
        gone = self.ids.keys() - lanes.keys()
        if not changed and not gone:
            return
        for plan in changed:
            await self._register(plan)
        for pipeline in gone:
            del self.ids[pipeline]
            self._versions.pop(pipeline, None)
        await self._remove_others()

    async def _register(self, plan: Plan) -> None:
        try:
            flow = await self._api.post("/flows/", {"name": plan.id})
            wanted = deployment(plan, agent=self._agent, flow_id=flow["id"], time_zone=self._zone)
            enabled = self._engine.lanes[plan.id].enabled
            made = await self._api.post("/deployments/", wanted | {"paused": not enabled})
        except Refused as refused:
            extra = {"pipeline": plan.id, "reason": str(refused)}
            log.warning("Prefect does not take a pipeline as a deployment", extra=extra)
        else:
            self.ids[plan.id] = made["id"]
            self._enabled[plan.id] = enabled
        self._versions[plan.id] = plan.version

    async def _remove_others(self) -> None:
        """Delete what this agent has registered once and has no longer."""
        for found in await self._ours():
            if found["id"] not in self.pipelines:
                await self._api.ask("DELETE", f"/deployments/{found['id']}")

    async def _ours(self) -> list[dict[str, Any]]:
        wanted = {"deployments": {"name": {"any_": [self._agent]}, "tags": {"all_": [MARK]}}}
        found: list[dict[str, Any]] = []
        while True:
            page = await self._api.post(
                "/deployments/filter", wanted | {"limit": _PAGE, "offset": len(found)}
            )
            found += page
            if len(page) < _PAGE:
                return found

    async def switch(self) -> None:
        """Carry switches over: what was switched here goes there, else what was paused there
        switches here.

        Raises:
            OSError: not now.
        """
        ours = await self._ours()
        for pipeline in self.ids.keys() - {self.pipelines.get(found["id"]) for found in ours}:
            self._versions.pop(pipeline, None)  # deleted in Prefect: it comes again
        for found in ours:
            pipeline = self.pipelines.get(found["id"], "")
            if pipeline not in self._engine.lanes:
                continue
            here, there = self._engine.lanes[pipeline].enabled, not found["paused"]
            if here != self._enabled[pipeline]:
                await self._api.ask("PATCH", f"/deployments/{found['id']}", {"paused": not here})
            elif here != there:
                self._engine.enable(pipeline, there)
            self._enabled[pipeline] = self._engine.lanes[pipeline].enabled
