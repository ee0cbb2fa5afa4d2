"""From rows back to events, runs and readings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from edge_agent.ledger.records import Entry, Latest
from schemas.event import Event
from schemas.run import Effect, RunRecord, StepRecord

Row = tuple[Any, ...]
IN_TEXTS = frozenset("tjx")  # types of readings that stand in `more.texts`, see 001_ledger.sql
_EVENT, _RUN = slice(1, 9), slice(9, 17)


def entry(row: Row, readings: list[Latest]) -> Entry:
    """An entry of `entries_after`, `open_after`, `runs` or `run`."""
    return Entry(row[0], _event(*row[_EVENT]), readings, _run(*row[_RUN]))


def _event(
    ts: int | None,
    received: int | None,
    identity: bytes | None,
    payload: str | None,
    channel: str | None,
    source: str | None,
    retain: bool,
    qos: int,
) -> Event | None:
    if ts is None or identity is None or channel is None or source is None:
        return None
    seconds = ts / 1e6
    arrival = seconds if received is None else received / 1e6
    return Event(number(identity), seconds, arrival, channel, source, payload, b"", retain, qos=qos)


def _run(
    identity: bytes | None,
    event: bytes | None,
    pipeline: str | None,
    version: str,
    state: str,
    started: int,
    finished: int | None,
    detail: str,
) -> RunRecord | None:
    if identity is None or pipeline is None:
        return None
    parts: list[Any] = msgspec.json.decode(detail)
    trigger, steps, effects, error, inputs, variables, labels, parent, stored = (
        parts + ["", {}, {}, {}, "", ""][len(parts) - 3 :]
    )
    return RunRecord(
        number(identity),
        pipeline,
        version,
        _of_text(stored) if event is None else number(event),
        trigger,
        state,
        started / 1e6,
        None if finished is None else finished / 1e6,
        error,
        msgspec.convert(steps, list[StepRecord]),
        msgspec.convert(effects, list[Effect]),
        inputs,
        variables,
        labels,
        _of_text(parent),
    )


def number(identity: bytes) -> int:
    """An id as the number it is in Python."""
    return int.from_bytes(identity)


def _of_text(text: str) -> int:
    return UUID(text).int if text else 0


def latest(row: Row) -> Latest:
    """A reading of device_key, device, property, instance, type, value, text, unit, ts."""
    key, device, name, instance, kind, figure, text, unit, ts = row
    return Latest(key, device, name, instance, value(kind, figure, text), unit, ts / 1e6)


def last_known(row: Row, texts: Sequence[Any]) -> Latest:
    """A reading of `latest`; what has no column is in the texts of its entry."""
    _, place, key, device, name, instance, kind, figure, unit, ts = row
    if kind in IN_TEXTS:
        kept = texts[place] if place < len(texts) else None
    else:
        kept = value(kind, figure, None)
    return Latest(key, device, name, instance, kept, unit, ts / 1e6)


def value(kind: str, figure: float | None, text: str | None) -> Any:
    """A reading's value as it was: whole numbers are integers again."""
    if figure is not None:
        whole = kind != "b" and figure.is_integer() and abs(figure) < 1 << 53
        return bool(figure) if kind == "b" else int(figure) if whole else figure
    if kind != "j" or not text:
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text  # what JSON has no form for was kept as its text
