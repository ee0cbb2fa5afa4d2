"""What the engine asks of the ledger."""

from collections.abc import Callable, Sequence
from typing import Protocol

from pipelines.ports import Clock, Handle
from schemas.event import Event
from schemas.run import RunRecord, Slot


class SettableClock(Clock, Protocol):
    """A clock that can be set while it runs; `call_at` deadlines then keep what is left of them."""

    def at_wall(self, when: float, callback: Callable[[], None]) -> Handle:
        """Like `call_at`, but the deadline stays at that time when the clock is set."""

    def on_set(self, tell: Callable[[float], None]) -> None:
        """Be told by how many seconds the clock was set, once deadlines have been moved."""

    def notice(self) -> None:
        """See now whether the clock was set, before anything is worked out from it."""


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
