"""What carried runs propose to Prefect, sent together through our route where the server has it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import msgspec
from msgspec import Struct

from flows.prefect.engine.words import Open
from flows.prefect.wire import (
    NO_SUCH_ROUTE,
    PROPOSALS_PATH,
    Batch,
    Proposal,
    Proposals,
    Verdict,
)
from schemas.kept_run import kept

_AT_ONCE = 8  # proposals in one transaction of the server's, which others wait for
_FEW = 8  # requests to a server without our route at a time
_LOOK_AGAIN = 60.0  # seconds after which a server that has not our route may have it


class _Asked(Struct, frozen=True):
    proposal: Proposal
    opening: Open | None
    answer: asyncio.Future[Verdict | None]


class Proposer:
    """`ask` proposes; what is asked while a request is under way goes with the next one.

    `few` is held around a request that goes alone: httpx takes longer for each the more there are.
    """

    def __init__(self, client: Any) -> None:
        self.few = asyncio.Semaphore(_FEW)
        self._client = client
        self._asked: deque[_Asked] = deque()
        self._openings: deque[_Asked] = deque()  # what has begun shall end before others begin
        self._sending: asyncio.Task[None] | None = None
        self._not_before = 0.0

    async def ask(self, proposal: Proposal, opening: Open | None = None) -> Verdict | None:
        """Propose states, of a new run with its `opening`; None: the server has not our route.

        Raises:
            httpx.HTTPError: it does not answer, or will not take this.
        """
        loop = asyncio.get_running_loop()
        if loop.time() < self._not_before:
            return None
        asked = _Asked(proposal, opening, loop.create_future())
        (self._asked if opening is None else self._openings).append(asked)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())
        return await asked.answer

    async def _send(self) -> None:
        while together := self._next():
            await self._send_together(together)
        self._sending = None

    def _next(self) -> list[_Asked]:
        taken: list[_Asked] = []
        for waiting in (self._asked, self._openings):
            while waiting and len(taken) < _AT_ONCE:
                taken.append(waiting.popleft())
        return taken

    async def _send_together(self, together: list[_Asked]) -> None:
        """One that fails must not fail the others."""
        try:
            verdicts = await self._post(together)
        except Exception as error:
            if len(together) > 1:
                for asked in together:
                    await self._send_together([asked])
            elif not together[0].answer.done():
                together[0].answer.set_exception(error)
            return
        for asked, verdict in zip(together, verdicts, strict=True):
            if not asked.answer.done():
                asked.answer.set_result(verdict)

    async def _post(self, together: list[_Asked]) -> list[Verdict] | list[None]:
        import prefect
        from prefect.exceptions import PrefectHTTPStatusError

        batch = _batch([asked.opening for asked in together if asked.opening is not None])
        wanted = Proposals(batch, [asked.proposal for asked in together], prefect.__version__)
        content = msgspec.json.encode(wanted, enc_hook=str)
        try:
            answer = await self._client._client.post(PROPOSALS_PATH, content=content)
        except PrefectHTTPStatusError as error:
            if error.response.status_code not in NO_SUCH_ROUTE:
                raise
            self._not_before = asyncio.get_running_loop().time() + _LOOK_AGAIN
            return [None] * len(together)
        return msgspec.json.decode(answer.content, type=list[Verdict])


def _batch(openings: list[Open]) -> Batch:
    known = {each.record.pipeline: each.deployment for each in openings if each.deployment}
    agent = openings[0].agent if openings else ""
    return Batch(agent, [kept(each.record) for each in openings], known)
