"""`for`: something fires only after it has held for a time; survives restarts."""

from collections.abc import Iterator
from typing import Any

from pipelines.ports import Clock, Slots
from pipelines.scope import Expr, Scope
from pipelines.trigger import Fire
from schemas.event import Event


class Holding:
    """Fires now, or after a condition has held without a break.

    Each key holds alone: its deadline is a slot with the `trigger` mapping to fire with.
    """

    __slots__ = ("_clock", "_duration", "_fire", "_scope", "_slots")

    def __init__(
        self, fire: Fire, slots: Slots, scope: Scope, *, duration: Expr | None, clock: Clock
    ) -> None:
        self._fire = fire
        self._slots = slots
        self._scope = scope
        self._duration = duration
        self._clock = clock
        if duration is not None:
            slots.on_due(lambda key, trigger, event: fire(trigger, event))

    def begin(self, key: str, trigger: dict[str, Any], event: Event) -> None:
        """The condition has begun to hold; a deadline already running is left as it is."""
        if self._duration is None:
            self._fire(trigger, event)
        elif self._slots.get(key) is None:
            self._slots.put(key, trigger, self._due(self._duration))

    def end(self, key: str) -> None:
        """The condition has ceased to hold."""
        if self._duration is not None and self._slots.get(key) is not None:
            self._slots.drop(key)

    def suspend(self, prefix: str) -> None:
        """Nobody knows any more whether it holds for the keys that begin so: stop the time."""
        for key in self._held(prefix):
            self._slots.put(key, self._slots.get(key))

    def restart(self, prefix: str) -> None:
        """It is known again, and still holds: the time begins anew."""
        if self._duration is not None:
            for key in self._held(prefix):
                self._slots.put(key, self._slots.get(key), self._due(self._duration))

    def _held(self, prefix: str) -> Iterator[str]:
        return (key for key in tuple(self._slots.keys()) if key.startswith(prefix))

    def _due(self, duration: Expr) -> float:
        return self._clock.now() + float(duration(self._scope))
