"""States proposed together: decided by Prefect as if each came alone, and apart where one fails."""

import asyncio
import time
import uuid
from types import SimpleNamespace
from typing import Any

import msgspec

from edge_agent.prefect.api import PrefectApi
from flows.prefect.engine.proposing import Proposer
from flows.prefect.wire import PROPOSALS_PATH, Batch, Proposal, Proposals, Verdict
from schemas.identity import text_id, unique_id
from schemas.kept_run import kept
from schemas.run import RunRecord
from tests.prefect.servers import PrefectServer


async def propose(api: PrefectApi, *proposals: Proposal) -> list[list[str] | None]:
    """What became of each state of each proposal; None where there is no such flow run."""
    wanted = Proposals(Batch("at-together", []), list(proposals), "3.8.8")
    answer = await api.post(PROPOSALS_PATH, wanted)
    return [
        None if verdict.get("missing") else [each["status"] for each in verdict.get("results", [])]
        for verdict in answer
    ]


async def test_states_are_proposed_until_one_is_not_accepted(either: PrefectServer) -> None:
    api = PrefectApi(either.api)
    flow = await api.post("/flows/", {"name": "together"})
    wanted = {"flow_id": flow["id"], "state": {"type": "SCHEDULED"}}
    run, nobody = (await api.post("/flow_runs/", wanted))["id"], str(uuid.uuid4())
    pending, running, over = ({"type": kind} for kind in ("PENDING", "RUNNING", "COMPLETED"))
    begin = Proposal(run, [pending, running])
    assert await propose(api, Proposal(nobody, [pending]), begin) == [None, ["ACCEPT", "ACCEPT"]]
    assert await propose(api, Proposal(run, [pending, over])) == [["ABORT"]]
    assert await propose(api, Proposal(run, [over])) == [["ACCEPT"]]
    shown = await api.get(f"/flow_runs/{run}")
    assert (shown["state_name"], shown["run_count"]) == ("Completed", 1)
    await api.close()


async def test_runs_that_come_with_their_proposals_begin_once(either: PrefectServer) -> None:
    api, began = PrefectApi(either.api), time.time()
    record = RunRecord(unique_id(), "opened", "1", 0, {}, "scheduled", began)
    begin = [{"type": "PENDING"}, {"type": "RUNNING"}]
    opening = Proposals(
        Batch("at-opened", [kept(record)]),
        [Proposal(text_id(record.id), begin, opens=True)],
        "3.8.8",
    )
    (first,), (second,) = [await api.post(PROPOSALS_PATH, opening) for _ in range(2)]
    assert [result["status"] for result in first["results"]] == ["ACCEPT", "ACCEPT"]
    assert first["flow"] == second["flow"] and not second.get("results")
    shown = await api.get(f"/flow_runs/{text_id(record.id)}")
    assert (shown["state_name"], shown["flow_id"]) == ("Running", first["flow"])
    await api.close()


class Wire:
    """A server that fails requests with a bad proposal in them, and notes all."""

    def __init__(self) -> None:
        self.requests: list[list[str]] = []

    async def post(self, path: str, content: bytes) -> Any:
        """Answer after the others have asked, too."""
        proposals = msgspec.json.decode(content, type=Proposals).proposals
        self.requests.append([proposal.run for proposal in proposals])
        await asyncio.sleep(0)
        if "bad" in self.requests[-1]:
            raise ConnectionError("no")
        return SimpleNamespace(content=msgspec.json.encode([Verdict() for _ in proposals]))


async def test_what_is_proposed_meanwhile_goes_together_and_fails_alone() -> None:
    wire = Wire()
    proposer = Proposer(SimpleNamespace(_client=wire))
    asking = [proposer.ask(Proposal(run, [])) for run in ("first", "good", "bad", "fine")]
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert [isinstance(answer, Verdict) for answer in answers] == [True, True, False, True]
    assert len(wire.requests) < 2 * len(answers)
    assert ["good"] in wire.requests and ["fine"] in wire.requests
