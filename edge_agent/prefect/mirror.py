"""The mirror: a follower of the ledger that carries its runs to Prefect."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from edge_agent.ledger.follower import Follower
from edge_agent.prefect.policy import Policy
from schemas.kept_run import KeptRun, RunHead

log = logging.getLogger(__name__)

# What has gathered for a second goes in one request: a query of the ledger takes 2 to 5 ms, of any
# size, and beside 500 runs a second four looks a second took twice the time of one. A look is at so
# many entries at most, and so many runs are enough for a request.
_AT_ONCE, _ENOUGH = 384, 128
_GATHER = 1.0
# An agent that is at work itself is left alone for three times as long as carrying took. Beside 100
# runs a second on two cores p99 from event to end is then 5.5 ms, without 10.0 (5.2 at rest).
_REST, _FASTER = 3.0, 1.5
_FIRST_PAUSE, _LAST_PAUSE = 0.5, 15.0
_LOOK_EVERY = 5.0


class Way(Protocol):
    """A way to write runs into a Prefect server."""

    async def write(self, runs: Sequence[KeptRun], deployments: Mapping[str, str]) -> None:
        """Write them, those that are there already too.

        Raises:
            OSError: not now; try again.
        """


class Tell(Protocol):
    """Who wants to hear of the runs that were written."""

    async def tell_runs(
        self, runs: Sequence[KeptRun], deployments: Mapping[str, str], now: float
    ) -> None:
        """They were written. Raises OSError: not now; they are told again."""


class Mirror:
    """Carries runs in the ledger's order, oldest first; `run` never ends.

    Its cursor moves on when the server has taken them: after an outage of either side it goes on
    where it was, and what it repeats is recognised by the runs' ids. `problem` is why nothing gets
    through now, `last_problem` stays; `waiting` counts ledger rows, as of the last `look`.
    """

    def __init__(
        self,
        follower: Follower,
        policy: Policy,
        way: Way,
        *,
        deployments: Mapping[str, str],
        events: Tell | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.problem = ""
        self.last_problem = ""
        self.waiting = 0
        self._follower = follower
        self._policy = policy
        self._way = way
        self._deployments = deployments
        self._events = events
        self._now = now
        self._news = asyncio.Event()
        self._moved = True  # since `waiting` was counted

    def committed(self) -> None:
        """The ledger has more; called on the loop."""
        self._moved = True
        self._news.set()

    async def run(self) -> None:
        """Carry until cancelled; begun again it takes up what is there."""
        self._news.set()
        while True:
            await self._news.wait()
            self._news.clear()
            if await self._carry():
                await asyncio.sleep(_GATHER)

    async def look(self) -> None:
        """Count what waits, now and then, until cancelled. At rest nothing is asked: a query
        brings 20 MB of DuckDB's code back into memory."""
        while True:
            if self._moved:
                self._moved = False
                self.waiting = await self.behind()
            await asyncio.sleep(_LOOK_EVERY)

    async def behind(self) -> int:
        """How many entries of the ledger are not carried yet."""
        return await self._follower.behind()

    async def _carry(self) -> bool:
        """Carry what there is, and tell whether that was anything; while the server writes, the
        next is read. What comes meanwhile gathers."""
        first, until = self._follower.position, self._follower.recorded()
        runs, position = await self._next(first, until)
        while position > self._follower.position:
            began, before = time.monotonic(), self._follower.recorded()
            async with asyncio.TaskGroup() as both:
                following = both.create_task(self._next(position, until))
                if runs:
                    both.create_task(self._deliver(runs))
            carried, came = position - self._follower.position, self._follower.recorded() - before
            self._follower.ack(position)
            self._moved = True
            runs, position = following.result()
            await asyncio.sleep(rest(time.monotonic() - began, carried=carried, came=came))
        return self._follower.position > first

    async def _next(self, position: int, until: int) -> tuple[list[KeptRun], int]:
        """What is to be shown after a place, about a request's worth, and up to where."""
        wanted: list[KeptRun] = []
        while position < until and len(wanted) < _ENOUGH:
            runs, upto = await self._follower.runs(_AT_ONCE, after=position, wants=self._wants)
            if upto == position:
                break
            position = upto
            wanted += runs
        return wanted, position

    def _wants(self, run: RunHead) -> bool:
        return self._policy.wants(run, self._now())

    async def _deliver(self, runs: Sequence[KeptRun]) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._way.write(runs, self._deployments)
                if self._events is not None:
                    await self._events.tell_runs(runs, self._deployments, self._now())
            except OSError as error:
                if not self.problem:
                    log.warning("runs wait for Prefect", extra={"reason": str(error)})
                self.problem = self.last_problem = str(error)
            else:
                if self.problem:
                    log.info("runs reach Prefect again")
                self.problem = ""
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LAST_PAUSE)


def rest(took: float, *, carried: int, came: int) -> float:
    """Seconds to leave the machine to the agent; not so long that more comes than is carried."""
    return took * min(_REST, max(0.0, carried / came / _FASTER - 1)) if came else 0.0
