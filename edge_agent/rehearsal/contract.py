"""What a rehearsed agent is given: a ledger, and what the tests of one file share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from edge_agent.ledger.records import DeviceRow, Latest
from flows.ports import Recorder
from pipelines.plan import Plan
from pipelines.ports import Home, Past, Ports
from schemas.device import Change
from schemas.event import Event
from schemas.profile import Profile
from schemas.settings import DeviceSettings

Compile = Callable[[Ports], Sequence[Plan]]


class RehearsalLedger(Recorder, Protocol):
    """What an agent under rehearsal asks of its ledger, the real one or one in memory."""

    @property
    def past(self) -> Past:
        """What was recorded, in order."""

    def message(self, event: Event, changes: Sequence[Change]) -> None:
        """Record an incoming event with the readings it made."""

    def device(self, row: DeviceRow) -> None:
        """Keep or replace a device of the registry."""

    def devices(self) -> Sequence[DeviceRow]:
        """The devices kept."""

    def latest(self) -> Sequence[Latest]:
        """The last readings recorded."""

    def remember(self, key: str, value: Any, ts: float) -> None:
        """Keep a value; None forgets it."""

    def memory(self) -> Sequence[tuple[str, Any, float]]:
        """What is remembered."""

    async def flush(self) -> bool:
        """Wait until everything recorded so far is committed."""

    async def query(self, sql: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Read-only SQL."""

    async def close(self) -> None:
        """Commit what is left and close."""


class Surroundings(Struct, frozen=True):
    """What tests of one file share: how it is compiled, and what the home says."""

    compile: Compile
    home: Home
    profiles: Sequence[Profile]
    devices: Mapping[str, DeviceSettings] = {}
