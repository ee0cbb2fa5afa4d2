"""What a rehearsal asks of the agent that is rehearsed: its lives, its broker, its clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from flows.engine import Engine
from flows.memory import HomeMemory
from flows.virtual_clock import VirtualClock
from schemas.device import Change
from schemas.event import Event
from schemas.message import Said
from schemas.rehearsal import Report


class Broker(Protocol):
    """The broker of a rehearsal, and the agent's connection to it."""

    def publish(
        self, topic: str, payload: bytes | str = b"", *, qos: int = 0, retain: bool = False
    ) -> None:
        """Somebody publishes a message; for an agent that is away it is kept unless QoS is 0."""

    def bring(self, topic: str, payload: bytes | str) -> None:
        """The broker brings a message that it had kept."""

    def go_away(self) -> None:
        """The connection is lost."""

    def come_back(self) -> None:
        """The connection is back: what waited on both sides moves on, in order."""


class Life(Protocol):
    """One life of the agent: from a start to the next stop."""

    engine: Engine
    memory: HomeMemory

    def report(self, report: Report, age: float) -> None:
        """A device reports a value; it waited so many seconds to be told."""

    async def understand(self, said: Said) -> Said:
        """A message with what the test says the model in the box makes of it."""

    async def stop(self) -> None:
        """End in order; only what is in the ledger stays."""


class Scene(Protocol):
    """Where a test is played."""

    clock: VirtualClock
    zone: ZoneInfo

    @property
    def broker(self) -> Broker:
        """The broker, and the connection to it."""

    @property
    def heard(self) -> Sequence[tuple[Event, Sequence[Change]]]:
        """What came in from devices and messages, with the readings it made."""

    @property
    def sent(self) -> Mapping[int, Sequence[dict[str, Any]]]:
        """How the messages of each run went out, in order."""

    async def start(self) -> Life:
        """The agent starts on its ledger; it is connected when the broker comes back."""
