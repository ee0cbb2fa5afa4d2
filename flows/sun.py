"""Where the sun stands over the home, and when it rises and sets."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from astral import Observer
from astral import sun as astral_sun

from pipelines.ports import Home
from pipelines.tools import Tools

SunEvent = Literal["sunrise", "sunset", "dawn", "dusk", "noon", "midnight"]
"""What the sun does in a day; dawn and dusk are those of civil twilight, 6° below the horizon."""

UNKNOWN_PLACE = "the place of the home is not known, so neither is its sun"

_YEAR = 366


class Sun:
    """The sun as seen from the home; times are epoch seconds."""

    def __init__(self, home: Home) -> None:
        if home.latitude is None or home.longitude is None:
            raise ValueError(UNKNOWN_PLACE)
        self._observer = Observer(home.latitude, home.longitude)

    def elevation(self, at: float) -> float:
        """Degrees above the horizon, refraction included."""
        return float(astral_sun.elevation(self._observer, datetime.fromtimestamp(at, UTC)))

    def is_up(self, at: float) -> bool:
        """Whether it stands above the horizon."""
        return self.elevation(at) > 0

    def next(self, event: str, after: float, offset: float = 0.0) -> float | None:
        """The first time later than `after`; None when it does not come within a year."""
        times = self._times(event, after - offset, range(-2, _YEAR))
        return next((at + offset for at in times if at + offset > after), None)

    def last(self, event: str, until: float, offset: float = 0.0) -> float | None:
        """The last time not later than `until`; None when it has not come for a year."""
        times = self._times(event, until - offset, range(2, -_YEAR, -1))
        return next((at + offset for at in times if at + offset <= until), None)

    def _times(self, event: str, around: float, days: range) -> Iterable[float]:
        today = datetime.fromtimestamp(around, UTC).date()
        return (at for day in days if (at := self._time(event, today + timedelta(day))))

    def _time(self, event: str, day: date) -> float | None:
        return _time(self._observer.latitude, self._observer.longitude, event, day)


@lru_cache(maxsize=4096)
def _time(latitude: float, longitude: float, event: str, day: date) -> float | None:
    """When it happens; kept, because schedules ask for the same days every minute (0.1 ms)."""
    find: Callable[..., Any] = getattr(astral_sun, event)
    try:
        return float(find(Observer(latitude, longitude), day, tzinfo=UTC).timestamp())
    except ValueError:  # near the poles there are days without it
        return None


def sun_over(tools: Tools) -> Sun | None:
    """The sun over the home; None, and a warning, when nobody said where the home is."""
    try:
        return Sun(tools.ports.home)
    except ValueError as error:
        hint = "set `agent: {latitude: …, longitude: …}` in hearth.yaml"
        tools.problem(str(error), hint=hint, severity="warning")
        return None


def offset_seconds(offset: str, tools: Tools) -> float:
    """A duration that may be negative: `-30m`."""
    sign = -1 if offset.startswith("-") else 1
    return sign * tools.seconds(offset.lstrip("+-"), "offset")


def sun_function(home: Home, now: Callable[[], float]) -> Callable[[], dict[str, Any]]:
    """What expressions call as `sun()`: `up`, `elevation` in degrees, `rising`, the next `sunrise`
    and `sunset` (epoch seconds), and Home Assistant's `state`; looked up once a second at most."""
    zone, told = ZoneInfo(home.time_zone), dict[str, Any]()
    looked = float("-inf")

    def sun() -> dict[str, Any]:
        nonlocal looked, told
        at = now()
        if not 0 <= at - looked < 1:
            told, looked = _told(Sun(home), at, zone), at
        return told

    return sun


def _told(sun: Sun, at: float, zone: ZoneInfo) -> dict[str, Any]:
    elevation = sun.elevation(at)
    rise, set_ = sun.next("sunrise", at), sun.next("sunset", at)
    return {
        "up": elevation > 0,
        "elevation": elevation,
        "rising": sun.elevation(at + 60) > elevation,
        "sunrise": rise,
        "sunset": set_,
        "state": "above_horizon" if elevation > 0 else "below_horizon",
        "next_rising": None if rise is None else datetime.fromtimestamp(rise, zone),
        "next_setting": None if set_ is None else datetime.fromtimestamp(set_, zone),
    }
