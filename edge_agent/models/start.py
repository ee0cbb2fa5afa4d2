"""The models of a home, made from its settings and its machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from edge_agent.board import fit, machine
from edge_agent.ledger.retention import size_bytes
from edge_agent.models.driver import Machine, Place
from edge_agent.models.service import ModelService
from edge_agent.models.signing import Key, trusted_keys
from edge_agent.monitoring.health import Health
from edge_agent.monitoring.metrics import Metrics
from flows.lane import Lane
from schemas.settings import ModelSettings, Settings

KEY = Path("data") / "models.key"
SHIPPED = {"intent": ModelSettings(driver="intent", queue=4096)}
"""The models that come with the package, by name; this one answers a thousand in a second."""


def make_models(home: Path, settings: Settings, metrics: Metrics | None = None) -> ModelService:
    """Nothing is loaded yet."""
    keys, named = trusted_keys(Key(home / KEY)), {**SHIPPED, **settings.models}
    return ModelService(home, named, machine=_machine(settings), keys=keys, metrics=metrics)


def place_of(home: Path, settings: Settings, name: str) -> Place:
    """Where a shipped model is, or the home's own of that name."""
    own = settings.models.get(name, SHIPPED[name])
    folder = (home / (own.path or f"models/{name}")).resolve()
    return Place(name, own, folder, tuple(trusted_keys(Key(home / KEY))), _machine(settings))


def _machine(settings: Settings) -> Machine:
    found = fit(machine(), settings.agent.board)
    wanted, limits = settings.inference, found.board.inference
    memory = size_bytes(wanted.memory or limits.memory)
    return Machine(found.cpu, wanted.threads or limits.threads, memory)


def prepare_models(
    models: ModelService,
    lanes: Mapping[str, Lane],
    on_swap: list[Callable[[], None]],
    health: Health,
) -> None:
    """Make models ready before they are asked; the agent is not ready before those that should be
    warm are. Those of pipelines with a high priority follow what `on_swap` tells of."""

    def urgent() -> set[str]:
        plans = [lane.plan for lane in lanes.values() if lane.enabled and lane.plan.priority > 0]
        return {use.model for plan in plans for use in plan.models}

    models.prepare(urgent)
    on_swap.append(models.preparing.want)
    health.watch("warm-up", lambda: models.preparing.warming)
    health.watch("models", lambda: models.preparing.problem, essential=False)
