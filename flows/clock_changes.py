"""What it means for deadlines and schedules that somebody sets the clock.

- A wait that began in this life keeps what is left of it: it is as long as it says.
- A deadline of an earlier life is a time on the wall: when the clock of a board without a battery
  is put right after its start, what fell due meanwhile is due.
- Small changes, up to three hours, are corrections: times of day between the old and the new time
  come once, at once; those that had come do not come again; beats (`every`) go on at once.
- After larger ones schedules begin as after a start: the pipeline's `missed` says what of the time
  between counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from schemas.run import Slot

CORRECTION = 3 * 3600.0
"""Seconds; as cron (`cron(8)` of Debian) tells a correction from another time."""
_DAY = 86_400.0
_PLAUSIBLE = 1_735_689_600.0  # 2025: before it no clock that has been set can be


def is_plausible(now: float) -> bool:
    """Whether the clock may be right; one that was never set begins in 1970."""
    return now >= _PLAUSIBLE


def set_back(alive: float, now: float) -> float:
    """By how much kept deadlines have to be moved at a start: the last life ended at `alive`, in a
    future that never was. A clock that is not set yet moves nothing."""
    return now - alive if is_plausible(now) and alive - now > _DAY else 0.0


def moved(slot: Slot, by: float) -> Slot:
    """A slot whose deadline, or the deadlines of the run in it, are so much later."""
    value = slot.value
    if isinstance(value, Mapping) and "waits" in value:
        value = {**value, "waits": {path: at + by for path, at in value["waits"].items()}}
    due = None if slot.due is None else slot.due + by
    return msgspec.structs.replace(slot, value=value, due=due)


def holds_deadline(slot: Slot) -> bool:
    """Whether `moved` makes a difference."""
    value: Any = slot.value
    return slot.due is not None or (isinstance(value, Mapping) and bool(value.get("waits")))
