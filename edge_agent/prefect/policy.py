"""Which runs are shown in Prefect: every failure, and of the rest what its disk can bear."""

from __future__ import annotations

import msgspec

from flows.prefect.history import CARRIED, CLAIMED
from schemas.fields import seconds
from schemas.kept_run import RunHead
from schemas.settings import PrefectSettings

_OPEN = frozenset({"queued", "running", "waiting"})
_MINUTE, _DAY = 60, 86_400


class Policy:
    """Asked once for each record of a run, in the ledger's order."""

    def __init__(self, settings: PrefectSettings) -> None:
        self._settings = settings
        self._keep = seconds(settings.keep)
        self._minutes: dict[str, list[int]] = {}  # by pipeline: a minute and how many it has
        self._day = [0, 0]
        self._open: dict[int, bool] = {}  # runs under way, and whether they are shown

    def wants(self, run: RunHead, now: float) -> bool:
        """Whether to show this record. A run that was shown when it began is shown to its end."""
        if (run.finished or now) < now - self._keep:
            return False
        if not msgspec.json.decode(run.trigger).keys().isdisjoint((CLAIMED, CARRIED)):
            return True
        if run.state in _OPEN:
            if run.id not in self._open:
                self._open[run.id] = self._has_room(run)
            return self._open[run.id]
        shown = self._open.pop(run.id, None)
        if run.state != "completed":
            return True
        return self._has_room(run) if shown is None else shown

    def _has_room(self, run: RunHead) -> bool:
        minute = self._minutes.setdefault(run.pipeline, [0, 0])
        within = _count(minute, int(run.started // _MINUTE)) <= self._settings.per_minute
        if within and _count(self._day, int(run.started // _DAY)) <= self._settings.per_day:
            return True
        return (run.id >> 64) % self._settings.sample == 0


def _count(window: list[int], now: int) -> int:
    """How many there are in a window of time with this one; a later window begins anew."""
    if now > window[0]:
        window[:] = now, 0
    window[1] += 1
    return window[1]
