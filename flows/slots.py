"""Durable notes with deadlines: written with the next commit, taken up again after a start."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from flows.clock_changes import holds_deadline, moved
from flows.ports import Recorder, SettableClock
from flows.schedule import timer_event
from pipelines.ports import Handle
from schemas.event import Event
from schemas.run import Slot

OnDue = Callable[[str, Any, Event], None]


class SlotStore:
    """Every slot by owner; hands out views and calls them back at their deadlines."""

    def __init__(self, clock: SettableClock, recorder: Recorder, kept: Iterable[Slot] = ()) -> None:
        self.clock = clock
        self.recorder = recorder
        self._owners: dict[str, dict[str, Slot]] = {}
        for slot in kept:
            self._owners.setdefault(slot.owner, {})[slot.key] = slot
        self.former = {(slot.owner, slot.key) for slot in self._all()}

    def view(self, owner: str) -> OwnedSlots:
        """The slots of one owner."""
        return OwnedSlots(self, owner, self._owners.setdefault(owner, {}))

    def release(self, owner: str) -> None:
        """Forget an owner, and the owners below it."""
        for name in [o for o in self._owners if o == owner or o.startswith(owner + "/")]:
            if self._owners.pop(name):
                self.recorder.drop(name)

    def kept(self, owner: str) -> list[Slot]:
        """The slots of one owner as they are."""
        return list(self._owners.get(owner, {}).values())

    def move_kept(self, by: float) -> None:
        """Move all deadlines of earlier lives, those of runs too."""
        for slot in [slot for slot in self._all() if holds_deadline(slot)]:
            self._keep(moved(slot, by))

    def clock_set(self, by: float) -> None:
        """Somebody has set the clock: deadlines of this life keep what is left of them. Those of
        runs are theirs to move."""
        for slot in self._all():
            if slot.due is not None and (slot.owner, slot.key) not in self.former:
                self._keep(msgspec.structs.replace(slot, due=slot.due + by))

    def _keep(self, slot: Slot) -> None:
        self._owners[slot.owner][slot.key] = slot
        self.recorder.put(slot)

    def _all(self) -> list[Slot]:
        return [slot for slots in self._owners.values() for slot in slots.values()]

    def owners(self, prefix: str) -> list[str]:
        """The owners whose name begins with `prefix` and that keep something."""
        return [o for o, slots in self._owners.items() if slots and o.startswith(prefix)]


class OwnedSlots:
    """One owner's slots (`pipelines.ports.Slots`); `close` stops the deadlines, not the rows."""

    def __init__(self, store: SlotStore, owner: str, slots: dict[str, Slot]) -> None:
        self._store = store
        self._owner = owner
        self._slots = slots
        self._handles: dict[str, Handle] = {}
        self._callback: OnDue | None = None
        self._closing: Callable[[], None] | None = None

    def get(self, key: str) -> Any:
        """The kept value, None when there is none."""
        slot = self._slots.get(key)
        return None if slot is None else slot.value

    def put(self, key: str, value: Any, due: float | None = None) -> None:
        """Keep a value, with or without a deadline."""
        self._store.former.discard((self._owner, key))
        slot = self._slots[key] = Slot(self._owner, key, value, due)
        self._store.recorder.put(slot)
        self._plan(slot)

    def drop(self, key: str) -> None:
        """Forget a value and its deadline."""
        if self._slots.pop(key, None) is not None:
            self._store.recorder.drop(self._owner, key)
        if handle := self._handles.pop(key, None):
            handle.cancel()

    def keys(self) -> Sequence[str]:
        """The keys kept."""
        return tuple(self._slots)

    def on_due(self, callback: OnDue) -> None:
        """Set what deadlines call; those already past are called from the clock at once."""
        self._callback = callback
        for slot in tuple(self._slots.values()):
            self._plan(slot)

    def on_close(self, callback: Callable[[], None]) -> None:
        """Set what `close` calls first."""
        self._closing = callback

    def close(self) -> None:
        """Stop waiting for deadlines; the rows stay for the next start."""
        if closing := self._closing:
            self._closing = None
            closing()
        for handle in self._handles.values():
            handle.cancel()
        self._handles.clear()
        self._callback = None

    def _plan(self, slot: Slot) -> None:
        if handle := self._handles.pop(slot.key, None):
            handle.cancel()
        if slot.due is not None and self._callback is not None:
            key, clock = slot.key, self._store.clock
            is_kept = (self._owner, key) in self._store.former
            call_at = clock.at_wall if is_kept else clock.call_at
            self._handles[key] = call_at(slot.due, lambda: self._fall_due(key))

    def _fall_due(self, key: str) -> None:
        self._handles.pop(key, None)
        slot = self._slots.get(key)
        if slot is None or slot.due is None or self._callback is None:
            return
        self.drop(key)
        event = timer_event(f"{self._owner}/{key}", slot.due, self._store.clock.now())
        self._callback(key, slot.value, event)


def alive_until(kept: Iterable[Slot]) -> float | None:
    """When an agent last noted that it ran, to half a minute; None where none has."""
    found = (slot.value for slot in kept if (slot.owner, slot.key) == ("engine", "alive"))
    return next(found, None)
