"""What the ledger is told and asked about beyond events and runs."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct


class DeviceRow(Struct, frozen=True, gc=False):
    """A device as the registry keeps it; `state` is anything JSON-encodable, `last_seen` seconds."""

    key: str
    name: str = ""
    firmware: str = ""
    area: str | None = None
    labels: dict[str, str] = {}
    available: bool | None = None
    last_seen: float | None = None
    state: Any = None


class Drop(Struct, frozen=True, gc=False):
    """Forget a slot, or all of an owner."""

    owner: str
    key: str | None


class Remembered(Struct, frozen=True, gc=False):
    """A value of `memory`; None forgets it. `ts` is when it was set, epoch seconds."""

    key: str
    value: Any
    ts: float


class Latest(Struct, frozen=True, gc=False):
    """The last known value of a device's property; `ts` in epoch seconds."""

    device_key: str
    device: str
    property: str
    instance: str | None
    value: Any
    unit: str | None
    ts: float


class LedgerStats(Struct, frozen=True):
    """How the ledger does; `pending` rows wait for a commit, `lost` rows by table were given up."""

    healthy: bool = True
    reason: str = ""
    commits: int = 0
    rows: int = 0
    commit_seconds: float = 0.0
    pending: int = 0
    lost: dict[str, int] = {}
    size_bytes: int = 0


Durable = Callable[[bool], None]
"""Called on the event loop: True after the commit, False when one cannot be waited for."""
