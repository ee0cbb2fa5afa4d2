"""Values that outlive runs and restarts, and the triggers that watch them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol


class Remembering(Protocol):
    """Where remembered values are kept."""

    def remember(self, key: str, value: Any, ts: float) -> None:
        """Keep a value; None forgets it."""


class HomeMemory:
    """Remembered values in memory (`pipelines.ports.Memory`), written through to the ledger."""

    def __init__(
        self,
        keeper: Remembering,
        now: Callable[[], float],
        kept: Iterable[tuple[str, Any, float]] = (),
    ) -> None:
        self._keeper = keeper
        self._now = now
        self._values: dict[str, tuple[Any, float]] = {k: (v, ts) for k, v, ts in kept}
        self.on_change: Callable[[str, Any, Any], None] = lambda key, value, previous: None

    def get(self, key: str) -> Any:
        """The remembered value, None when unset."""
        return self._values.get(key, (None, 0.0))[0]

    def set(self, key: str, value: Any) -> None:
        """Remember a value (None forgets it) and tell the triggers when it changed."""
        previous = self.get(key)
        if value is None:
            self._values.pop(key, None)
        else:
            self._values[key] = (value, self._now())
        self._keeper.remember(key, value, self._now())
        if value != previous:
            self.on_change(key, value, previous)

    def since(self, key: str) -> float | None:
        """When it was last set (epoch seconds); None when unset."""
        return self._values[key][1] if key in self._values else None
