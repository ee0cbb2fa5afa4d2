"""Times as tests write them: of the day, or with their date."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


def moment(text: str, now: float, zone: ZoneInfo) -> float:
    """A time of day as the next one, a date and time as it is; epoch seconds."""
    if "-" not in text:
        clock = [int(part) for part in text.split(":")]
        today = datetime.fromtimestamp(now, zone)
        due = today.replace(
            hour=clock[0], minute=clock[1], second=clock[2] if clock[2:] else 0, microsecond=0
        )
        if due.timestamp() <= now:
            due += timedelta(days=1)
        return due.timestamp()
    return epoch(text, zone)


def epoch(text: str, zone: ZoneInfo) -> float:
    """Epoch seconds of an ISO time; one without an offset is the home's."""
    when = datetime.fromisoformat(text)
    return (when if when.tzinfo else when.replace(tzinfo=zone)).timestamp()
