"""The flow run that stands for a carried run: found, or made in Prefect."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.states import Pending, Running, Scheduled

from flows.prefect.engine.client import RunClient, orchestration_result, state_create
from flows.prefect.engine.proposing import Proposer
from flows.prefect.engine.words import Open
from flows.prefect.history import flow_run
from flows.prefect.wire import Proposal, Verdict


async def client_of(opening: Open, client: PrefectClient, proposer: Proposer) -> RunClient:
    """A client for the flow run, which is made where it is new: through our route under the run's
    own id, and it runs already unless something held it back; else under an id of Prefect's, and
    known again by its idempotency key.

    Raises:
        httpx.HTTPError: the server does not answer, or will not take it.
    """
    verdict = None
    if not opening.claimed:
        verdict = await proposer.ask(_opens(opening), opening)
        if verdict is not None and verdict.results:
            return _begun(opening, verdict, client, proposer)
    is_there = opening.claimed or verdict is not None
    async with proposer.few:
        shown = await (
            client.read_flow_run(UUID(opening.run)) if is_there else _made(opening, client)
        )
    return RunClient.over(client, proposer, shown)


def _opens(opening: Open) -> Proposal:
    states = [state_create(state, UUID(opening.run)) for state in (Pending(), Running())]
    return Proposal(opening.run, states, opens=True)


def _begun(opening: Open, verdict: Verdict, client: PrefectClient, proposer: Proposer) -> RunClient:
    """A client that knows what was answered to the first proposals."""
    run = flow_run(opening.record, opening.agent)
    shown = FlowRun(
        id=UUID(opening.run),
        name=run.name,
        flow_id=UUID(verdict.flow),
        deployment_id=UUID(opening.deployment) if opening.deployment else None,
        flow_version=run.version,
        parameters=run.parameters,
        tags=run.tags,
        state=Scheduled(),
    )
    made = RunClient.over(client, proposer, shown)
    made.granted.extend(map(orchestration_result, verdict.results))
    return made


async def _made(opening: Open, client: Any) -> FlowRun:
    run = flow_run(opening.record, opening.agent)
    flow_id = await client.create_flow_from_name(run.flow)
    wanted = {
        "name": run.name,
        "flow_id": str(flow_id),
        "deployment_id": opening.deployment or None,
        "flow_version": run.version,
        "parameters": run.parameters,
        "tags": run.tags,
        "context": run.context,
        "idempotency_key": opening.run,
        "state": {"type": "SCHEDULED"},
    }
    body = msgspec.json.decode(msgspec.json.encode(wanted, enc_hook=str))
    answer = await client._client.post("/flow_runs/", json=body)
    return FlowRun.model_validate(answer.json())
