"""How many runs there were, exactly, where Prefect shows only some of them: an artifact."""

from __future__ import annotations

from typing import Any

import msgspec

from edge_agent.ledger.ledger import Ledger
from edge_agent.prefect.api import PrefectApi

_LAST_DAY = """
select
    strftime(date_trunc('hour', started), '%Y-%m-%d %H:00') as hour, pipeline,
    count(*) as runs,
    count(*) filter (state = 'completed') as completed,
    count(*) filter (state = 'failed') as failed,
    count(*) filter (state not in ('completed', 'failed')) as others
from runs
where started >= $now - interval 24 hour
group by 1, 2
order by 1 desc, 2
"""


class Counts:
    """The artifact `hearthflow-runs-AGENT`: the runs of the last day by hour and pipeline."""

    def __init__(self, api: PrefectApi, ledger: Ledger, agent: str) -> None:
        self._api = api
        self._ledger = ledger
        self._key = "hearthflow-runs-" + "".join(c if c.isalnum() else "-" for c in agent.lower())
        self._artifact = ""

    async def tell(self) -> None:
        """Bring the artifact up to date.

        Raises:
            OSError: not now.
        """
        rows = await self._ledger.query(_LAST_DAY, limit=1_000)
        data = msgspec.json.encode(rows).decode()
        if not self._artifact:
            self._artifact = await self._found() or await self._made(data)
        await self._api.ask("PATCH", f"/artifacts/{self._artifact}", {"data": data})

    async def _found(self) -> str:
        latest = {"artifacts": {"key": {"any_": [self._key]}}, "limit": 1}
        found: list[dict[str, Any]] = await self._api.post("/artifacts/latest/filter", latest)
        return str(found[0]["latest_id"]) if found else ""

    async def _made(self, data: str) -> str:
        text = "All runs of the last day by hour and pipeline, also those that are not shown."
        wanted = {"key": self._key, "type": "table", "description": text, "data": data}
        return str((await self._api.post("/artifacts/", wanted))["id"])
