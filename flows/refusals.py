"""Firings that started no run: the last few of each pipeline, with what held them back."""

from __future__ import annotations

from collections import deque
from typing import Any

from msgspec import Struct

from pipelines.scope import Scope
from schemas.event import Event

_KEPT = 16
_UNTOLD = frozenset({"disabled", "missed", "stale", "busy"})
"""What the ledger alone does not tell; other reasons come to light when the past is played."""

_TELLING = ("device", "property", "instance", "value", "previous", "topic", "key")


class Refusal(Struct, frozen=True, gc=False):
    """One firing that was refused: when (epoch seconds), of which trigger and why.

    `reason` is disabled, missed, stale or busy; `seen` are small facts of the trigger.
    """

    ts: float
    trigger: str
    reason: str
    event: int
    seen: dict[str, Any]


class Refusals:
    """The last refused firings of one pipeline that only the running agent knows of."""

    def __init__(self) -> None:
        self.last: deque[Refusal] = deque(maxlen=_KEPT)

    def note(
        self,
        reason: str,
        trigger: dict[str, Any],
        event: Event,
        *,
        now: float,
        until: float | None = None,
        scope: Scope | None = None,
    ) -> None:
        """A firing was refused; with the `scope` it was looked at in, if it came so far.

        Beside the reasons that are kept: if, debounce, conditions, throttle, limit, dedupe, some
        with the time `until` when it is held back.
        """
        if reason not in _UNTOLD:
            return
        seen = {name: trigger[name] for name in _TELLING if trigger.get(name) is not None}
        self.last.append(Refusal(now, str(trigger.get("id")), reason, event.id, seen))
