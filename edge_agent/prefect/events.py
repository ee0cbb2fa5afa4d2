"""Events in Prefect's schema, so that its automations can react: failed runs, lost devices."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from edge_agent.prefect.api import PrefectApi
from pipelines.trigger import OnReading
from schemas.device import Change
from schemas.event import Event
from schemas.identity import stable_id, text_id
from schemas.kept_run import KeptRun
from schemas.run import RunRecord

_FAILED = frozenset({"failed", "crashed"})
_MOST_WAITING = 1_000
_STILL_NEWS = 3_600.0  # seconds after which a failure starts no automation any more


class Events:
    """Tells of runs as the mirror carries them, and of devices as they come and go.

    `hearthflow.run.failed` and `hearthflow.run.crashed` (resource `hearthflow.pipeline.ID`),
    `hearthflow.device.unavailable` and `hearthflow.device.available` (resource
    `hearthflow.device.KEY`). An event told twice has the same id.
    """

    def __init__(self, api: PrefectApi, agent: str) -> None:
        self._api = api
        self._agent = agent
        self._devices: deque[dict[str, Any]] = deque(maxlen=_MOST_WAITING)

    @property
    def watch(self) -> OnReading:
        """What is to be attached to hear of devices."""
        return OnReading(lambda key: True, "available", self._see)

    def _see(self, change: Change, event: Event) -> None:
        """A device came or went; what a new agent first hears of it is no news."""
        if change.known and isinstance(change.value, bool):
            self._devices.append(_device_event(change, self._agent))

    async def tell_devices(self) -> None:
        """Send what was seen of devices.

        Raises:
            OSError: not now; it is kept.
        """
        if waiting := list(self._devices):
            await self._api.post("/events", waiting)
            for _ in waiting:
                self._devices.popleft()

    async def tell_runs(
        self, runs: Sequence[KeptRun], deployments: Mapping[str, str], now: float
    ) -> None:
        """Send that runs have failed, but for those that failed long ago.

        Raises:
            OSError: not now.
        """
        failed = [
            _run_event(run.record(), deployments.get(run.pipeline), self._agent)
            for run in runs
            if run.state in _FAILED and (run.finished or now) > now - _STILL_NEWS
        ]
        if failed:
            await self._api.post("/events", failed)


def _run_event(run: RunRecord, deployment: str | None, agent: str) -> dict[str, Any]:
    identity = text_id(run.id)
    related = [("flow-run", f"prefect.flow-run.{identity}"), ("agent", f"hearthflow.agent.{agent}")]
    if deployment:
        related.append(("deployment", f"prefect.deployment.{deployment}"))
    return {
        "id": text_id(stable_id("ended", identity)),
        "occurred": _moment(run.finished or run.started),
        "event": f"hearthflow.run.{run.state}",
        "resource": {
            "prefect.resource.id": f"hearthflow.pipeline.{run.pipeline}",
            "prefect.resource.name": run.pipeline,
        },
        "related": _related(related),
        "payload": {"error": run.error, "run": identity, "inputs": run.inputs},
    }


def _device_event(change: Change, agent: str) -> dict[str, Any]:
    state = "available" if change.value else "unavailable"
    return {
        "id": text_id(stable_id(state, change.key, str(change.ts))),
        "occurred": _moment(change.ts),
        "event": f"hearthflow.device.{state}",
        "resource": {
            "prefect.resource.id": f"hearthflow.device.{change.key}",
            "prefect.resource.name": change.device,
        },
        "related": _related([("agent", f"hearthflow.agent.{agent}")]),
        "payload": {"device": change.device, "key": change.key},
    }


def _related(resources: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [
        {"prefect.resource.role": role, "prefect.resource.id": identity}
        for role, identity in resources
    ]


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
