"""The ledger of a rehearsal: rows in memory, in the form in which the real one keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from edge_agent.ledger.json_text import to_json
from edge_agent.ledger.records import DeviceRow, Latest
from flows.rehearsal_past import MemoryPast
from flows.rehearsal_ports import MemoryRecorder
from schemas.device import Change
from schemas.event import Event
from schemas.run import Slot

_PLAIN = frozenset({float, int, str, bool, type(None)})


class MemoryLedger(MemoryRecorder):
    """What the agent asks of its ledger. Values go through JSON as they do on disk, so that
    nothing comes back after a restart that a row could not hold.

    `was_asked` tells that somebody wanted to query it in SQL, which it cannot.
    """

    def __init__(self) -> None:
        super().__init__()
        self.was_asked = False
        self.past = MemoryPast()
        self._devices: dict[str, DeviceRow] = {}
        self._latest: dict[tuple[str, str, str | None], Latest] = {}

    def message(self, event: Event, changes: Sequence[Change]) -> None:
        """Record an incoming event with the readings it made."""
        self.events.append(event)
        self.past.message(event, changes)
        for each in changes:
            self._latest[each.key, each.property, each.instance] = Latest(
                each.key, each.device, each.property, each.instance, each.value, each.unit, each.ts
            )

    def device(self, row: DeviceRow) -> None:
        """Keep or replace a device of the registry."""
        self._devices[row.key] = msgspec.structs.replace(row, state=_kept(row.state))

    def devices(self) -> Sequence[DeviceRow]:
        """The devices kept."""
        return tuple(self._devices.values())

    def latest(self) -> Sequence[Latest]:
        """The last readings recorded."""
        return tuple(self._latest.values())

    def put(self, slot: Slot) -> None:
        """Keep or replace a slot."""
        if slot.value.__class__ not in _PLAIN:
            slot = msgspec.structs.replace(slot, value=_kept(slot.value))
        super().put(slot)

    def remember(self, key: str, value: Any, ts: float) -> None:
        """Keep a value; None forgets it."""
        super().remember(key, _kept(value), ts)

    async def flush(self) -> bool:
        """Everything is there at once."""
        return True

    async def query(self, sql: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Refused: there is no SQL here.

        Raises:
            LookupError: always.
        """
        self.was_asked = True
        raise LookupError("no stub answers this query")

    async def close(self) -> None:
        """The rows stay."""


def _kept(value: Any) -> Any:
    """A value as it comes back from a row."""
    return msgspec.json.decode(to_json(value))
