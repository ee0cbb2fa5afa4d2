"""The routes we add to Prefect's API: runs as the ledger keeps them, and states they propose."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from flows.prefect.history import flow_run
from flows.prefect.server.proposals import Orchestration
from flows.prefect.server.rows import Conflict, Encoding, Rows
from flows.prefect.server.statements import shortcomings
from flows.prefect.wire import PROPOSALS_PATH, RUNS_PATH, Batch
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

    async def take(self, body: bytes) -> bytes:
        """Write a batch (JSON of `Batch`); how many runs it had.

        Raises:
            msgspec.ValidationError: the body is none.
            OSError: the database cannot be written now.
        """
        return b'{"runs":%d}' % len(await self.write(self._decoder.decode(body)))

    async def write(self, batch: Batch) -> Mapping[str, str]:
        """Write runs; the ids of their flows by their own.

        Raises:
            OSError: the database cannot be written now.
        """
        # A run may come twice, waiting and ended: what comes later counts.
        runs = list({run.id: run for run in batch.runs}.values())
        try:
            await self._write(batch, runs)
        except Conflict:
            self._flows = {}  # one may have been deleted: it is made anew
            for run in runs:
                await self._write_alone(batch, run)
        return {text_id(run.id): self._flows.get(run.pipeline, "") for run in runs}

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
    """Add the routes to Prefect's API application.

    They answer 501 while the tables are not those we know; then the public API is the way.
    """
    api.add_route(RUNS_PATH, _route(history, history.take), methods=["POST"])
    api.add_route(
        PROPOSALS_PATH, _route(history, Orchestration(history.write).take), methods=["POST"]
    )


def _route(history: History, take: Callable[[bytes], Awaitable[bytes]]) -> Any:
    from fastapi import Response
    from starlette.requests import ClientDisconnect, Request

    async def answer(request: Request) -> Response:
        if not history.checked:
            return Response("starting", 503, media_type="text/plain")
        if history.reason:
            return Response(history.reason, 501, media_type="text/plain")
        try:
            taken = await take(await request.body())
        except ClientDisconnect:  # the agent has ended meanwhile, and sends it again
            return Response(status_code=400)
        except msgspec.ValidationError as error:
            return Response(str(error), 422, media_type="text/plain")
        except OSError as error:
            return Response(str(error), 503, media_type="text/plain")
        return Response(taken, media_type="application/json")

    return answer
