"""What the engine asks of the ledger."""

from collections.abc import Sequence
from typing import Protocol

from schemas.event import Event
from schemas.run import RunRecord, Slot


class Recorder(Protocol):
    """The writing side of the ledger; every call only appends to memory, a commit follows."""

    def event(self, event: Event) -> None:
        """Record an internal event (timer, emit, webhook, manual)."""

    def run(self, record: RunRecord) -> None:
        """Record a run; a later record with the same id replaces an earlier one."""

    def put(self, slot: Slot) -> None:
        """Keep or replace a slot."""

    def drop(self, owner: str, key: str | None = None) -> None:
        """Forget one slot, or all slots of an owner."""

    def slots(self) -> Sequence[Slot]:
        """Every slot kept, as of the last commit; for the start."""
