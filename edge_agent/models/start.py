"""The models of a home, made from its settings and its machine."""

from __future__ import annotations

from pathlib import Path

from edge_agent.board import fit, machine
from edge_agent.ledger.retention import size_bytes
from edge_agent.models.driver import Machine
from edge_agent.models.service import ModelService
from edge_agent.models.signing import Key, trusted_keys
from edge_agent.monitoring.metrics import Metrics
from schemas.settings import ModelSettings, Settings

KEY = Path("data") / "models.key"
SHIPPED = {"intent": ModelSettings(driver="intent")}
"""The models that come with the package, by name."""


def make_models(home: Path, settings: Settings, metrics: Metrics | None = None) -> ModelService:
    """Nothing is loaded yet."""
    found = fit(machine(), settings.agent.board)
    limits = found.board.inference
    here = Machine(found.cpu, limits.threads, size_bytes(limits.memory))
    keys = trusted_keys(Key(home / KEY))
    named = {**SHIPPED, **settings.models}
    return ModelService(home, named, machine=here, keys=keys, metrics=metrics)
