"""From rows back to events, runs and readings."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from edge_agent.ledger.records import Entry, Latest
from schemas.event import Event
from schemas.run import Effect, RunRecord, StepRecord

Row = tuple[Any, ...]
_EVENT, _RUN = slice(1, 9), slice(9, 17)


def entry(row: Row, readings: list[Latest]) -> Entry:
    """An entry of `entries_after`, `open_after`, `runs` or `run`."""
    return Entry(row[0], _event(*row[_EVENT]), readings, _run(*row[_RUN]))


def _event(
    ts: int | None,
    received: int | None,
    identity: int | None,
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
    return Event(identity, seconds, arrival, channel, source, payload, b"", retain, qos=qos)


def _run(
    identity: int | None,
    event: int | None,
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
        identity,
        pipeline,
        version,
        event or _number(stored),
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
        _number(parent),
    )


def _number(text: str) -> int:
    return UUID(text).int if text else 0


def latest(row: Row) -> Latest:
    """A reading of device_key, device, property, instance, type, value, text, unit, ts."""
    key, device, name, instance, kind, number, text, unit, ts = row
    return Latest(key, device, name, instance, value(kind, number, text), unit, ts / 1e6)


def value(kind: str, number: float | None, text: str | None) -> Any:
    """A reading's value as it was: whole numbers are integers again."""
    if number is not None:
        whole = kind != "b" and number.is_integer() and abs(number) < 1 << 53
        return bool(number) if kind == "b" else int(number) if whole else number
    return msgspec.json.decode(text) if kind == "j" and text else text
