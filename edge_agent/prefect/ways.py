"""The two ways of writing runs: our own route where the server has it, else the public API."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from edge_agent.prefect.api import PrefectApi, Refused
from edge_agent.prefect.mirror import Way
from flows.prefect.wire import NO_SUCH_ROUTE, RUNS_PATH, Batch
from schemas.identity import text_id
from schemas.kept_run import KeptRun

log = logging.getLogger(__name__)


class BulkWay:
    """Our route: whole batches with true times, hundreds of runs a second.

    `used` says which way runs have gone last: `bulk`, `public`, or empty for none yet.
    """

    def __init__(self, api: PrefectApi, agent: str, otherwise: Way) -> None:
        self._api = api
        self._agent = agent
        self._otherwise = otherwise
        self._there = True
        self.used = ""

    async def write(self, runs: Sequence[KeptRun], deployments: Mapping[str, str]) -> None:
        """Write the runs; through the other way when the server does not know ours.

        Raises:
            OSError: not now; try again.
        """
        if not self._there:
            await self._otherwise.write(runs, deployments)
            self.used = "public"
            return
        try:
            batch = Batch(self._agent, list(runs), dict(deployments))
            await self._api.post(RUNS_PATH, batch)
            self.used = "bulk"
        except Refused as refused:
            if refused.status in NO_SUCH_ROUTE:
                log.info("the Prefect server has no bulk route: runs go through its public API")
                self._there = False
                await self.write(runs, deployments)
            elif len(runs) == 1:
                extra = {"run": text_id(runs[0].id), "reason": str(refused)}
                log.error("Prefect does not take a run", extra=extra)
            else:
                for run in runs:  # one that is refused must not keep the others
                    await self.write([run], deployments)
