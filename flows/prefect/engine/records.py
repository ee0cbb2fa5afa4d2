"""The flow run that stands for a carried run: found, or made in Prefect."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from flows.prefect.engine.words import Open
from flows.prefect.history import flow_run
from flows.prefect.wire import RUNS_PATH, Batch
from schemas.kept_run import kept


async def flow_run_of(opening: Open, client: Any) -> Any:
    """The flow run, scheduled where it is new: through our route under the run's own id, else
    under an id of Prefect's, and known again by its idempotency key.

    Raises:
        httpx.HTTPError: the server does not answer, or will not take it.
    """
    from prefect.exceptions import PrefectHTTPStatusError

    if not opening.claimed:
        deployments = {opening.record.pipeline: opening.deployment} if opening.deployment else {}
        batch = Batch(opening.agent, [kept(opening.record)], deployments)
        content = msgspec.json.encode(batch, enc_hook=str)
        try:
            await client._client.post(RUNS_PATH, content=content)
        except PrefectHTTPStatusError as error:
            if error.response.status_code not in (404, 405, 501):
                raise
            return await _made(opening, client)
    return await client.read_flow_run(UUID(opening.run))


async def _made(opening: Open, client: Any) -> Any:
    from prefect.client.schemas.objects import FlowRun

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
