"""What the agent, Prefect's engine and the routes in our Prefect server say to each other."""

from __future__ import annotations

from typing import Any

from msgspec import Raw, Struct

from schemas.kept_run import KeptRun

RUNS_PATH = "/hearthflow/runs"
PROPOSALS_PATH = "/hearthflow/proposals"
NO_SUCH_ROUTE = (404, 405, 501)  # answers of a server that has not, or cannot serve, our routes


class Batch(Struct, frozen=True):
    """Runs of one agent; `deployments` are the ids of its pipelines' deployments by pipeline."""

    agent: str
    runs: list[KeptRun]
    deployments: dict[str, str] = {}


class Proposal(Struct, frozen=True):
    """States of one flow run, each proposed once the one before was accepted.

    `run` is its id, a state is `StateCreate` of Prefect's API. `opens`: the run comes with the
    proposal; where it is there already and not scheduled, none of the states is proposed.
    """

    run: str
    states: list[dict[str, Any]]
    force: bool = False
    opens: bool = False


class Proposals(Struct, frozen=True):
    """What is proposed after these runs are in; `version` is that of the client's Prefect."""

    batch: Batch
    proposals: list[Proposal]
    version: str


class Verdict(Struct, frozen=True):
    """What became of a proposal: an `OrchestrationResult` of Prefect's API for each state that was
    proposed. `flow` is the id of the flow of a run that came with it; `missing`: there is no such
    flow run."""

    results: list[Raw] = []
    flow: str = ""
    missing: bool = False
