"""Prefect's client as the engine of one carried run has it: it asks the server for less."""

from __future__ import annotations

from collections import deque
from typing import Any
from uuid import UUID, uuid4

import msgspec
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.responses import OrchestrationResult
from prefect.states import to_state_create

from flows.prefect.engine.proposing import Proposer
from flows.prefect.wire import Proposal


class RunClient(PrefectClient):  # type: ignore[misc]
    """A client for one flow run, over the connections of the client for all.

    The engine reads its flow run again and writes its version into it when it begins; both are
    known here. `granted` is what the server has answered to proposals that are yet to be made.
    """

    flow_run: FlowRun
    granted: deque[OrchestrationResult[Any]]
    _proposer: Proposer

    @classmethod
    def over(cls, client: PrefectClient, proposer: Proposer, flow_run: FlowRun) -> RunClient:
        """Make one."""
        made = cls.__new__(cls)
        made.__dict__.update(client.__dict__)
        made.flow_run, made.granted, made._proposer = flow_run, deque(), proposer
        return made

    async def read_flow_run(self, flow_run_id: UUID) -> FlowRun:
        """The flow run as it has become by what it has proposed."""
        return self.flow_run

    async def update_flow_run(self, flow_run_id: UUID, **changes: Any) -> None:
        """Write what is not there yet."""
        if changes["flow_version"] != self.flow_run.flow_version:
            await super().update_flow_run(flow_run_id, **changes)

    async def set_flow_run_state(
        self, flow_run_id: UUID, state: State[Any], force: bool = False
    ) -> OrchestrationResult[Any]:
        """Propose a state. Raises LookupError where the flow run was deleted."""
        result = self.granted.popleft() if self.granted else await self._ask(state, force)
        if state.is_running() and result.status == "ACCEPT":
            self.flow_run.run_count += 1
        return result

    async def _ask(self, state: State[Any], force: bool) -> OrchestrationResult[Any]:
        identity = self.flow_run.id
        verdict = await self._proposer.ask(
            Proposal(str(identity), [state_create(state, identity)], force=force)
        )
        if verdict is None:
            async with self._proposer.few:
                return await super().set_flow_run_state(identity, state, force=force)
        if verdict.missing:
            raise LookupError(f"the flow run {identity} was deleted in Prefect")
        return orchestration_result(verdict.results[0])


def state_create(state: State[Any], run: UUID) -> dict[str, Any]:
    """A state as it is proposed."""
    made = to_state_create(state)
    made.state_details.flow_run_id, made.state_details.transition_id = run, uuid4()
    return made.model_dump(mode="json", serialize_as_any=True)  # type: ignore[no-any-return]


def orchestration_result(raw: msgspec.Raw) -> OrchestrationResult[Any]:
    """What the server has answered to a proposal."""
    return OrchestrationResult.model_validate_json(bytes(raw))
