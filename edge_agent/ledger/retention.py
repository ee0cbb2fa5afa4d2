"""What is kept for how long: expired rows go in slices, the oldest first when space is short."""

from __future__ import annotations

import re
import time

from edge_agent.ledger.packing import micros
from edge_agent.ledger.store import Store
from schemas.fields import seconds
from schemas.settings import LedgerSettings

# A row group, the unit in which DuckDB gives space back; one takes about 40 ms.
SLICE = 20_480
EVERY, SOON = 60.0, 0.5
DEFAULT_SIZE = "2GB"
_MANY_KINDS = 50_000  # homes whose topics never repeat; others have a few for each device
_FAR = (1 << 62) - 1
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_DECIMAL = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?", re.IGNORECASE)


class Retention:
    """Removes what has expired, a slice at a time, on the ledger thread."""

    def __init__(self, settings: LedgerSettings) -> None:
        keep = settings.retention
        self._events = seconds(keep.events)
        self._readings = max(seconds(keep.readings), self._events)
        self._runs = seconds(keep.runs)
        self._max_bytes = size_bytes(settings.max_size or DEFAULT_SIZE)
        self._next = time.monotonic() + 5.0

    def due_in(self) -> float:
        """Seconds until the next slice."""
        return max(0.0, self._next - time.monotonic())

    def work(self, store: Store, now: float) -> None:
        """Remove one slice, and come back soon if there is more."""
        if self.due_in():
            return
        more = self.expire(store, now) or self.shrink(store)
        self._next = time.monotonic() + (SOON if more else EVERY)

    def expire(self, store: Store, now: float) -> bool:
        """Remove the oldest expired rows that no holding follower still wants; True if any."""
        ages = {"events": self._events, "readings": self._readings, "runs": self._runs}
        before = {name: micros(now - age) for name, age in ages.items()}
        held = store.number("held") if store.rows("holding") else _FAR
        upto = store.number("expired", {**before, "held": held, "slice": SLICE})
        if upto:
            self._remove(store, upto, before)
        return upto > 0

    def shrink(self, store: Store) -> bool:
        """Remove the oldest rows while more space is used than may be; True if any."""
        if store.number("used_bytes") <= self._max_bytes:
            return False
        upto = store.number("oldest", {"slice": SLICE})
        self._remove(store, upto, {"events": _FAR, "readings": _FAR, "runs": _FAR})
        store.checkpoint()
        return upto > 0

    def _remove(self, store: Store, upto: int, before: dict[str, int]) -> None:
        with store.transaction():
            for name in ("count_removed", "remove", "strip_events", "strip_runs"):
                store.rows(name, {"upto": upto, **before})


def prune(store: Store) -> None:
    """Forget what nothing names any more; only before anything is recorded."""
    if store.mode != "file":
        return
    if store.number("unused_texts"):
        with store.transaction():
            store.rows("prune_texts")
    if store.number("kinds") < _MANY_KINDS:
        return
    with store.transaction():
        store.rows("prune_kinds")
        store.rows("prune_items")


def size_bytes(text: str) -> int:
    """Bytes of `2GB`, `512 MiB` or `1000000`. Raises ValueError."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"`{text}` is no size: write `500MB` or `2GB`")
    number, unit, binary = found.groups()
    return int(float(number) * (_UNITS if binary else _DECIMAL)[unit.upper()])
