"""What the agent and the route in our Prefect server say to each other."""

from __future__ import annotations

from msgspec import Struct

from schemas.kept_run import KeptRun

RUNS_PATH = "/hearthflow/runs"


class Batch(Struct, frozen=True):
    """Runs of one agent; `deployments` are the ids of its pipelines' deployments by pipeline."""

    agent: str
    runs: list[KeptRun]
    deployments: dict[str, str] = {}
