"""What has been recorded and not yet committed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from edge_agent.ledger import history
from edge_agent.ledger.packing import Packer, micros, to_json
from edge_agent.ledger.records import DeviceRow, Drop, Fact, Position, Remembered
from edge_agent.ledger.rows import Row, Rows
from edge_agent.ledger.store import Store
from schemas.run import RunRecord, Slot

MAX_ROWS = 50_000
MAX_BYTES = 32 << 20


class Pending:
    """Packs records into `rows`; `lost` counts by table what had to be given up."""

    def __init__(self, store: Store) -> None:
        self.rows = Rows()
        self.lost: Counter[str] = Counter()
        self.begin(store)

    def begin(self, store: Store) -> None:
        """Number on from what a store holds."""
        self.packer = Packer(
            store.number("last_seq"),
            store.number("last_kind"),
            [(*form, salt and history.number(salt)) for *form, salt in store.rows("forms")],
            [history.number(row[0]) for row in store.rows("open_ids")],
        )

    def take(self, record: Any) -> None:
        """Add one record of the loop's."""
        _TAKE[type(record)](self, record)

    def bound(self) -> None:
        """Give up the oldest entries beyond what memory may hold."""
        rows = self.rows
        excess = len(rows.entries) - MAX_ROWS
        if rows.size_bytes() > MAX_BYTES:
            excess = max(excess, len(rows.entries) // 4)
        if excess > 0:
            self.lost.update(rows.give_up(excess))

    def settle(self, store: Store) -> None:
        """Forget rows that a store holds after all: an error may come after the commit."""
        self._drop("entries", store.number("last_entry"))
        self._drop("kinds", store.number("last_kind"))
        self._drop("items", store.number("last_item"))
        self._drop("forms", store.number("last_form"))

    def _drop(self, table: str, upto: int) -> None:
        rows = self.rows.appended[table]
        rows[:] = [row for row in rows if row[0] > upto]

    def clean(self) -> None:
        """Make the rows such that DuckDB can take them: texts as UTF-8, numbers that fit."""
        for rows in self.rows.appended.values():
            for row in rows:
                row[:] = map(_clean, row)

    # ------------------------------------------------------------------ records
    def _event(self, record: tuple[Any, Any]) -> None:
        self.packer.event(self.rows, record[0], record[1])

    def _run(self, record: RunRecord) -> None:
        self.packer.run(self.rows, record)

    def _slot(self, slot: Slot) -> None:
        row = [slot.owner, slot.key, to_json(slot.value), slot.due]
        self.rows.replaced["slots"][slot.owner, slot.key] = row

    def _unslot(self, drop: Drop) -> None:
        slots = self.rows.replaced["slots"]
        if drop.key is not None:
            slots[drop.owner, drop.key] = None
            return
        self.rows.owners.add(drop.owner)
        for name in [name for name in slots if name[0] == drop.owner]:
            del slots[name]

    def _memory(self, record: Remembered) -> None:
        row = [record.key, to_json(record.value), micros(record.ts)]
        self.rows.replaced["memory"][record.key,] = None if record.value is None else row

    def _device(self, device: DeviceRow) -> None:
        seen = None if device.last_seen is None else micros(device.last_seen)
        row: Row = [device.key, device.name, device.firmware, device.area]
        row += [to_json(device.labels), device.available, seen, to_json(device.state)]
        self.rows.replaced["registry"][device.key,] = row

    def _fact(self, fact: Fact) -> None:
        self.rows.replaced["facts"][fact.name,] = [fact.name, fact.value]

    def _position(self, position: Position) -> None:
        row = [position.follower, position.seq, position.hold]
        gone = position.seq is None
        self.rows.replaced["cursors"][position.follower,] = None if gone else row


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, int) and not -(1 << 127) < value < 1 << 128:
        return None
    return value


_TAKE: dict[type, Callable[[Pending, Any], None]] = {
    tuple: Pending._event,
    RunRecord: Pending._run,
    Slot: Pending._slot,
    Drop: Pending._unslot,
    Remembered: Pending._memory,
    DeviceRow: Pending._device,
    Fact: Pending._fact,
    Position: Pending._position,
}
