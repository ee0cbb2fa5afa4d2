"""A sensor's history as a regular series: one value an interval, holes filled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge_agent.anomaly.forecast import Forecast

SERIES = (Path(__file__).with_name("series.sql")).read_text()
_INTERVALS = (60.0, 300.0, 900.0, 3600.0)

GAP = (Path(__file__).with_name("gap.sql")).read_text()


def history(device: str, property_: str, instance: str, since: float) -> dict[str, Any]:
    """The parameters of `gap.sql`; `since` in seconds since 1970."""
    began = datetime.fromtimestamp(since, UTC).isoformat()
    return {"device": device, "property": property_, "instance": instance, "since": began}


def interval_of(gap: float) -> float:
    """The interval for a sensor with so many seconds between two readings, in seconds."""
    return next((each for each in _INTERVALS if each >= gap), _INTERVALS[-1])


def asked(model: Forecast, at: float, count: int) -> dict[str, Any]:
    """The parameters of `series.sql` for `count` intervals up to `at`, seconds since 1970."""
    return {
        "device": model.device,
        "property": model.property,
        "instance": model.instance,
        "interval": model.interval,
        "count": count,
        "until": datetime.fromtimestamp(at, UTC).isoformat(),
    }


def regular(rows: Iterable[Mapping[str, Any]], count: int) -> list[float]:
    """`count` values, the newest last. A sensor that says nothing still has the value it said
    last; before its first one it had that.

    Raises:
        ValueError: there is no value at all.
    """
    means = {int(row["ago"]): float(row["mean"]) for row in rows}
    if not means:
        raise ValueError("it has said nothing in that time")
    last, values = means[max(means)], []
    for ago in range(count - 1, -1, -1):
        last = means.get(ago, last)
        values.append(last)
    return values
