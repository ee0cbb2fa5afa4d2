"""The device registry written into the ledger now and then."""

from __future__ import annotations

from edge_agent.devices.registry import Registry
from edge_agent.ledger.recording import Recording
from pipelines.ports import Clock

_EVERY = 30.0


class Keeping:
    """Records the devices that changed every half minute, and when it is stopped."""

    def __init__(self, registry: Registry, ledger: Recording, clock: Clock) -> None:
        self._registry = registry
        self._ledger = ledger
        self._clock = clock
        self._keep()

    def stop(self) -> None:
        """Record what has changed since the last time."""
        self._next.cancel()
        self._record()

    def _keep(self) -> None:
        self._record()
        self._next = self._clock.call_at(self._clock.now() + _EVERY, self._keep)

    def _record(self) -> None:
        for row in self._registry.changed_rows():
            self._ledger.device(row)
