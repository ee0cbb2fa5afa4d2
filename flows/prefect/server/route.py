"""The one route we add to Prefect's API: runs as the ledger keeps them, many at a time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from flows.prefect.history import flow_run
from flows.prefect.server.rows import Conflict, Encoding, Rows
from flows.prefect.server.statements import shortcomings
from flows.prefect.wire import RUNS_PATH, Batch
from schemas.identity import text_id
from schemas.kept_run import KeptRun

log = logging.getLogger(__name__)


class Writer(Protocol):
    """One database's way of taking rows."""

    encoding: Encoding

    async def columns(self) -> Mapping[str, Mapping[str, bool]]:
        """The columns of the tables we write; True for those that need a value from us."""

    async def flow_ids(self, names: Sequence[str]) -> dict[str, str]:
        """The ids of the flows of these names; those that are not there are made."""

    async def write(self, rows: Rows) -> None:
        """Write all rows or none."""


class History:
    """Takes batches in once it is `checked`; `reason` says why it cannot, empty when it can."""

    def __init__(self, writer: Writer) -> None:
        self.checked = False
        self.reason = ""
        self._writer = writer
        self._flows: dict[str, str] = {}
        self._decoder = msgspec.json.Decoder(Batch)

    async def check(self) -> None:
        """Look whether Prefect's tables are those we know."""
        self.reason = "; ".join(shortcomings(await self._writer.columns()))
        self.checked = True
        if self.reason:
            log.warning("runs go through the public API: the tables differ (%s)", self.reason)

    async def take(self, body: bytes) -> int:
        """Write a batch (JSON of `Batch`); the number of its runs.

        Raises:
            msgspec.ValidationError: the body is none.
            OSError: the database cannot be written now.
        """
        batch = self._decoder.decode(body)
        # A run may come twice, waiting and ended: what comes later counts.
        runs = list({run.id: run for run in batch.runs}.values())
        try:
            await self._write(batch, runs)
        except Conflict:
            self._flows = {}  # one may have been deleted: it is made anew
            for run in runs:
                await self._write_alone(batch, run)
        return len(runs)

    async def _write_alone(self, batch: Batch, run: KeptRun) -> None:
        """A run that cannot be written must not stop those behind it for ever."""
        try:
            await self._write(batch, [run])
        except Conflict as conflict:
            log.error("run %s is left out: %s", text_id(run.id), conflict)

    async def _write(self, batch: Batch, runs: Sequence[KeptRun]) -> None:
        flows = self._flows
        if new := {run.pipeline for run in runs} - flows.keys():
            flows |= await self._writer.flow_ids(sorted(new))
        # In a thread: Prefect's pages are answered meanwhile.
        await self._writer.write(await asyncio.to_thread(self._rows, batch, runs, flows))

    def _rows(self, batch: Batch, runs: Sequence[KeptRun], flows: Mapping[str, str]) -> Rows:
        creator = msgspec.json.encode({"type": "AGENT", "display_value": batch.agent}).decode()
        rows = Rows(self._writer.encoding, time.time())
        for run in runs:
            rows.add(
                flow_run(run.record(), batch.agent),
                flow=flows[run.pipeline],
                deployment=batch.deployments.get(run.pipeline),
                creator=creator,
            )
        rows.join()
        return rows


def mount(api: Any, history: History) -> None:
    """Add the route to Prefect's API application.

    It answers 501 while the tables are not those we know; then the public API is the way.
    """
    from fastapi import Response
    from starlette.requests import ClientDisconnect, Request

    async def take(request: Request) -> Response:
        if not history.checked:
            return Response("starting", 503, media_type="text/plain")
        if history.reason:
            return Response(history.reason, 501, media_type="text/plain")
        try:
            taken = await history.take(await request.body())
        except ClientDisconnect:  # the agent has ended meanwhile, and sends it again
            return Response(status_code=400)
        except msgspec.ValidationError as error:
            return Response(str(error), 422, media_type="text/plain")
        except OSError as error:
            return Response(str(error), 503, media_type="text/plain")
        return Response(b'{"runs":%d}' % taken, media_type="application/json")

    api.add_route(RUNS_PATH, take, methods=["POST"])
