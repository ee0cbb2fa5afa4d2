"""Values on the command line: `key=value` pairs and durations."""

from collections.abc import Iterable
from typing import Any

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
