"""Values on the command line: `key=value` pairs and durations."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click
import msgspec

from schemas.fields import seconds


class DurationType(click.ParamType[float]):
    """`500ms`, `30s`, `5m`, `1h30m`; gives seconds."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Seconds of the text."""
        try:
            return seconds(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


DURATION = DurationType()


class MomentType(click.ParamType[datetime]):
    """`18:00`, `2026-01-10 18:00`, RFC 3339, or how long ago: `5m`."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """The moment, without a zone where none is given."""
        try:
            return _moment(value)
        except ValueError:
            self.fail(f"`{value}` is no time: write 18:00, 2026-01-10 18:00, or 5m", param, ctx)


MOMENT = MomentType()


def _moment(text: str) -> datetime:
    if re.fullmatch(r"\d\d?:\d\d(:\d\d)?", text):
        return datetime.combine(
            date.min, time.fromisoformat(text if text[2] == ":" else f"0{text}")
        )
    if re.match(r"\d{4}-", text):
        return datetime.fromisoformat(text)
    return datetime.now(UTC) - timedelta(seconds=seconds(text))


def in_home(moment: datetime, zone: ZoneInfo) -> datetime:
    """A moment of the command line in the home's zone; a time of day is the last such."""
    if moment.tzinfo is not None:
        return moment
    if moment.year > 1:
        return moment.replace(tzinfo=zone)
    now = datetime.now(zone)
    today = datetime.combine(now.date(), moment.time(), zone)
    return today if today <= now else today - timedelta(days=1)


def assignments(pairs: Iterable[str]) -> dict[str, Any]:
    """`key=value` texts as a mapping; a value that reads as JSON is that, else it is text."""
    values: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise click.UsageError(f"'{pair}' is no KEY=VALUE.")
        values[key] = _value(text)
    return values


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError):
        return text
