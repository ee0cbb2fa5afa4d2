"""What expressions can call about time, in the home's zone, by Home Assistant's names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from pipelines.functions import NONE_GIVEN, is_number, otherwise

FILTERS = ("as_datetime", "as_timestamp", "as_local", "timestamp_custom", "timestamp_local")
"""Those that are filters too."""


def time_functions(zone: tzinfo, now: Callable[[], datetime]) -> dict[str, Callable[..., Any]]:
    """The functions about time, in the home's zone."""

    def as_datetime(value: Any, default: Any = NONE_GIVEN) -> Any:
        """A moment from epoch seconds or ISO 8601 text; texts without a zone are local."""
        try:
            if isinstance(value, datetime):
                return value
            if is_number(value):
                return datetime.fromtimestamp(float(value), UTC)
            moment = datetime.fromisoformat(str(value).strip())
            return moment if moment.tzinfo else moment.replace(tzinfo=zone)
        except (ValueError, OverflowError, OSError):
            return otherwise("as_datetime", value, default)

    def as_timestamp(value: Any, default: Any = NONE_GIVEN) -> Any:
        """Epoch seconds of a moment, a text or a number."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        moment = as_datetime(value, default)
        if not isinstance(moment, datetime):
            return moment
        return as_local(moment).timestamp()

    def as_local(value: datetime) -> datetime:
        """A moment in the home's zone."""
        return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(zone)

    def timestamp_custom(
        value: Any, form: str = "%Y-%m-%d %H:%M:%S", local: bool = True, default: Any = NONE_GIVEN
    ) -> Any:
        """Epoch seconds as text in a `strftime` form."""
        try:
            return datetime.fromtimestamp(float(value), zone if local else UTC).strftime(form)
        except (TypeError, ValueError, OverflowError, OSError):
            return otherwise("timestamp_custom", value, default)

    def timestamp_local(value: Any, default: Any = NONE_GIVEN) -> Any:
        """Epoch seconds as ISO 8601 text in the home's zone."""
        try:
            return datetime.fromtimestamp(float(value), zone).isoformat()
        except (TypeError, ValueError, OverflowError, OSError):
            return otherwise("timestamp_local", value, default)

    def today_at(time: str = "") -> datetime:
        """Today in the home's zone at a time of day (`07:30`)."""
        moment = datetime.strptime(f"2000-01-01 {time or '00:00'}:00"[:19], "%Y-%m-%d %H:%M:%S")
        return now().replace(
            hour=moment.hour, minute=moment.minute, second=moment.second, microsecond=0
        )

    def strptime(value: Any, form: str, default: Any = NONE_GIVEN) -> Any:
        """A moment from a text in a `strftime` form."""
        try:
            return datetime.strptime(str(value), form)
        except (ValueError, TypeError):
            return otherwise("strptime", value, default)

    def utcnow() -> datetime:
        """The time in UTC."""
        return now().astimezone(UTC)

    return {
        "now": now, "utcnow": utcnow, "today_at": today_at,
        "as_datetime": as_datetime, "as_timestamp": as_timestamp, "as_local": as_local,
        "timestamp_custom": timestamp_custom, "timestamp_local": timestamp_local,
        "strptime": strptime, "timedelta": timedelta,
    }  # fmt: skip
