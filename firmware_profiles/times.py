"""Times in payloads: ISO 8601 text, seconds or milliseconds since the epoch."""

from datetime import datetime, tzinfo
from typing import Any

from firmware_profiles.units import number

_MILLISECONDS_FROM = 1e11  # as seconds this is the year 5138


def epoch(value: Any, unit: str = "auto", zone: tzinfo | None = None) -> float | None:
    """Epoch seconds; None when it is no time, or a local one without a `zone` to read it in."""
    if value.__class__ is str and unit in ("auto", "iso"):
        return _iso(value, zone)
    plain = number(value)
    if plain is None or plain <= 0 or plain > 1e14:
        return None
    if unit == "ms" or (unit == "auto" and plain >= _MILLISECONDS_FROM):
        return plain / 1000
    return float(plain)


def _iso(text: str, zone: tzinfo | None) -> float | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if moment.tzinfo is None:
        if zone is None:
            return None
        moment = moment.replace(tzinfo=zone)
    try:
        return moment.timestamp()
    except (OverflowError, ValueError):
        return None
