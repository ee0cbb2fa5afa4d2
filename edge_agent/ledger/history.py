"""From rows back to events, runs and readings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from edge_agent.ledger.records import Entry, Latest
from schemas.event import Event
from schemas.kept_run import KeptRun, RunHead

Row = tuple[Any, ...]
IN_TEXTS = frozenset("tjx")  # types of readings that stand in `more.texts`, see 001_ledger.sql
_EVENT, _RUN = slice(1, 9), slice(9, 17)


def entry(row: Row, readings: list[Latest]) -> Entry:
    """An entry of `entries_after`, `open_after`, `runs` or `run`."""
    run = kept_run(row)
    return Entry(row[0], _event(*row[_EVENT]), readings, None if run is None else run.record())


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


def kept_run(row: Row) -> KeptRun | None:
    """The run in a row of `entries_between` or `runs_between`, if there is one."""
    identity, event, pipeline, version, state, started, finished, detail = row[_RUN]
    if identity is None or pipeline is None:
        return None
    return KeptRun(
        number(identity),
        pipeline,
        version,
        0 if event is None else number(event),
        state,
        started / 1e6,
        None if finished is None else finished / 1e6,
        msgspec.Raw(detail),
    )


def run_head(row: Row) -> RunHead:
    """A row of `heads_between`."""
    _, identity, pipeline, state, started, finished, trigger = row
    end = None if finished is None else finished / 1e6
    return RunHead(number(identity), pipeline, state, started / 1e6, end, trigger)


def number(identity: bytes) -> int:
    """An id as the number it is in Python."""
    return int.from_bytes(identity)


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
