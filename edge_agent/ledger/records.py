"""What the ledger is told and asked about beyond events and runs."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from schemas.event import Event
from schemas.run import RunRecord


class DeviceRow(Struct, frozen=True, gc=False):
    """A device as the registry keeps it; `state` is JSON-encodable, `last_seen` epoch seconds."""

    key: str
    name: str = ""
    firmware: str = ""
    area: str | None = None
    labels: dict[str, str] = {}
    available: bool | None = None
    last_seen: float | None = None
    state: Any = None


class Latest(Struct, frozen=True, gc=False):
    """The last known value of a device's property; `ts` in epoch seconds."""

    device_key: str
    device: str
    property: str
    instance: str | None
    value: Any
    unit: str | None
    ts: float


class Bucket(Struct, frozen=True, array_like=True, gc=False):
    """Readings of one property over a span of time that begins at `start` (epoch seconds)."""

    device: str
    device_key: str
    property: str
    instance: str | None
    unit: str | None
    start: float
    average: float
    minimum: float
    maximum: float
    count: int


class Entry(Struct, frozen=True, gc=False):
    """One entry of the ledger: an event, its readings, the run it started; `seq` is its place.

    `run` may come in a later entry than its event, and with state `waiting` before it has ended;
    the later entry replaces the earlier one. An event's `payload` is its text, `raw` empty.
    """

    seq: int
    event: Event | None = None
    readings: list[Latest] = []
    run: RunRecord | None = None


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


class VersionRow(Struct, frozen=True):
    """One accepted version of a pipeline, or with an empty `version` its removal.

    `number` counts from 1, `file` is the pipeline file it came from, `place` the file it stands in
    (an included one, maybe) with its first and last line, `files` all it was made of: hash by name.
    """

    pipeline: str
    number: int
    version: str
    accepted: float
    note: str = ""
    file: str = ""
    place: tuple[str, int, int] = ("", 0, 0)
    files: dict[str, str] = {}
