"""What a window takes in: readings of devices, or messages on topics, as rows of columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flows.windows.sql import SqlMistake
from pipelines.tree import suggest
from schemas.device import Change
from schemas.event import Event

RowOfReading = Callable[[Change, Event], tuple[Any, ...]]
RowOfMessage = Callable[[Event], tuple[Any, ...]]

READING_COLUMNS = (
    "ts", "value", "text", "device", "device_key", "property", "instance", "unit",
)  # fmt: skip
TOPIC_COLUMNS = ("ts", "topic", "value", "text")


def micros(ts: float, received: float) -> int:
    """An event's time in microseconds, rounded as the ledger does it; one before 1970 is none."""
    return int((ts if ts >= 0.0 else received) * 1e6 + 0.5)


def reading_column(name: str) -> str:
    """A column of readings, as in the table `readings` of SQL.

    Raises:
        SqlMistake: there is none of this name.
    """
    if name.lower() in READING_COLUMNS:
        return name.lower()
    hint = suggest(name, READING_COLUMNS) or f"known: {', '.join(READING_COLUMNS)}"
    raise SqlMistake(f"unknown column `{name}`", hint)


def topic_column(name: str) -> str:
    """A column of messages: every other name is a key of the JSON payload."""
    return name.lower() if name.lower() in TOPIC_COLUMNS else name


def reading_row(columns: Sequence[str]) -> RowOfReading:
    """A function that makes rows with these columns; `ts` is the first."""
    getters = [_READING[name] for name in columns[1:]]

    def row(change: Change, event: Event) -> tuple[Any, ...]:
        us = micros(event.ts, event.received)
        return (us / 1e6, *[get(change) for get in getters])

    return row


def topic_row(columns: Sequence[str]) -> RowOfMessage:
    """The same for messages."""
    getters = [_TOPIC.get(name) or _key(name) for name in columns[1:]]

    def row(event: Event) -> tuple[Any, ...]:
        us = micros(event.ts, event.received)
        return (us / 1e6, *[get(event) for get in getters])

    return row


def number(value: Any) -> float | None:
    """The number in a value: booleans are 0 and 1, as in the ledger."""
    if value.__class__ is float:
        return value
    if not isinstance(value, int):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _plain(payload: Any, key: str) -> Any:
    """The payload itself, or what its key of that name holds."""
    return payload.get(key) if isinstance(payload, dict) else payload


def _key(path: str) -> Callable[[Event], Any]:
    steps = path.split(".")

    def value(event: Event) -> Any:
        found = event.payload
        for step in steps:
            if not isinstance(found, dict):
                return None
            found = found.get(step)
        return found if isinstance(found, bool | int | float | str) else None

    return value


_READING: dict[str, Callable[[Change], Any]] = {
    "value": lambda change: number(change.value),
    "text": lambda change: _text(change.value),
    "device": lambda change: change.device,
    "device_key": lambda change: change.key,
    "property": lambda change: change.property,
    "instance": lambda change: change.instance,
    "unit": lambda change: change.unit,
}
_TOPIC: dict[str, Callable[[Event], Any]] = {
    "topic": lambda event: event.source,
    "value": lambda event: number(_plain(event.payload, "value")),
    "text": lambda event: _text(_plain(event.payload, "text")),
}
