"""States that runs propose, decided by Prefect's own orchestration: many in one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from flows.prefect.wire import Batch, Proposal, Proposals, Verdict


class Orchestration:
    """Answers JSON of `Proposals` with that of a list of `Verdict`; `write` takes the runs."""

    def __init__(self, write: Callable[[Batch], Awaitable[Mapping[str, str]]]) -> None:
        self._write = write
        self._decoder = msgspec.json.Decoder(Proposals)

    async def take(self, body: bytes) -> bytes:
        """Write the runs, then decide.

        Raises:
            msgspec.ValidationError: the body is none.
            OSError, sqlalchemy.exc.DBAPIError: the database cannot be written now.
        """
        from prefect.server.database.dependencies import provide_database_interface

        asked = self._decoder.decode(body)
        flows = await self._write(asked.batch) if asked.batch.runs else {}
        database = provide_database_interface()
        async with database.session_context(
            begin_transaction=True, with_for_update=True
        ) as session:
            begun = await _begun(database, session, asked.proposals)
            return msgspec.json.encode(
                [
                    Verdict(flow=flows.get(proposal.run, ""))
                    if proposal.run in begun
                    else await _decide(
                        session, proposal, asked.version, flows.get(proposal.run, "")
                    )
                    for proposal in asked.proposals
                ]
            )


async def _begun(database: Any, session: Any, proposals: Sequence[Proposal]) -> set[str]:
    """Those of the runs that came and were there already, and are not waiting to begin."""
    from sqlalchemy import select

    opened = [UUID(proposal.run) for proposal in proposals if proposal.opens]
    if not opened:
        return set()
    run = database.FlowRun
    others = select(run.id).where(run.id.in_(opened)).where(run.state_type != "SCHEDULED")
    return {str(identity) for identity in (await session.execute(others)).scalars()}


async def _decide(session: Any, proposal: Proposal, version: str, flow: str) -> Verdict:
    from prefect.server.exceptions import ObjectNotFoundError
    from prefect.server.schemas.responses import SetStateStatus

    results = []
    for state in proposal.states:
        try:
            result = await _set_state(session, proposal, state, version)
        except ObjectNotFoundError:
            return Verdict(missing=True)
        results.append(msgspec.Raw(result.model_dump_json().encode()))
        if result.status != SetStateStatus.ACCEPT:
            break
    return Verdict(results, flow)


async def _set_state(
    session: Any, proposal: Proposal, state: Mapping[str, Any], version: str
) -> Any:
    """As `POST /flow_runs/ID/set_state` does it."""
    from prefect.server.models.flow_runs import set_flow_run_state
    from prefect.server.orchestration import dependencies
    from prefect.server.schemas.actions import StateCreate
    from prefect.server.schemas.states import State

    return await set_flow_run_state(
        session=session,
        flow_run_id=UUID(proposal.run),
        state=State.model_validate(StateCreate.model_validate(state)),
        force=proposal.force,
        flow_policy=await dependencies.provide_flow_policy(),
        orchestration_parameters=await dependencies.provide_flow_orchestration_parameters(),
        client_version=version,
    )
