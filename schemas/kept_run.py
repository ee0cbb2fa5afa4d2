"""A run as a row of the ledger keeps it: columns, and the rest as JSON that few have to read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from schemas.identity import text_id
from schemas.run import Effect, RunRecord, StepRecord


class RunHead(Struct, frozen=True, gc=False):
    """What tells whether a run is worth reading whole: as in `RunRecord`, `trigger` as JSON."""

    id: int
    pipeline: str
    state: str
    started: float
    finished: float | None
    trigger: str


class KeptRun(Struct, frozen=True, gc=False):
    """The columns as in `RunRecord`; `event` is 0 where the detail holds it.

    Carrying it costs a tenth of carrying the record, in time as in memory.
    """

    id: int
    pipeline: str
    version: str
    event: int
    state: str
    started: float
    finished: float | None
    detail: msgspec.Raw

    def record(self) -> RunRecord:
        """The whole run."""
        more = _DETAILS.decode(self.detail)
        return RunRecord(
            self.id,
            self.pipeline,
            self.version,
            self.event or _number(more.event),
            more.trigger,
            self.state,
            self.started,
            self.finished,
            more.error,
            more.steps,
            more.effects,
            more.inputs,
            more.variables,
            more.labels,
            _number(more.parent),
        )


def kept(record: RunRecord) -> KeptRun:
    """A run as the ledger would keep it."""
    detail = _Detail(
        record.trigger,
        record.steps,
        record.effects,
        record.error,
        record.inputs,
        record.variables,
        record.labels,
        text_id(record.parent) if record.parent else "",
    )
    return KeptRun(
        record.id,
        record.pipeline,
        record.version,
        record.event,
        record.state,
        record.started,
        record.finished,
        msgspec.Raw(msgspec.json.encode(detail, enc_hook=str)),
    )


class _Detail(Struct, frozen=True, array_like=True, gc=False):
    """The list that the ledger writes, cut where the rest is empty; ids are UUID texts."""

    trigger: dict[str, Any]
    steps: list[StepRecord]
    effects: list[Effect]
    error: str = ""
    inputs: dict[str, Any] = {}
    variables: dict[str, Any] = {}
    labels: dict[str, str] = {}
    parent: str = ""
    event: str = ""


_DETAILS = msgspec.json.Decoder(_Detail)


def _number(text: str) -> int:
    return UUID(text).int if text else 0
