"""The world in memory: messages and a ledger that are lists, and nobody outside."""

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.device import Publication
from schemas.event import Event
from schemas.run import RunRecord, Slot


class MemoryRecorder:
    """A ledger of lists and mappings (`flows.ports.Recorder`, `flows.memory.Remembering`)."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.runs: dict[int, RunRecord] = {}
        self._memory: dict[str, tuple[Any, float]] = {}
        self._slots: dict[tuple[str, str], Slot] = {}

    def event(self, event: Event) -> None:
        """Record an internal event."""
        self.events.append(event)

    def run(self, record: RunRecord) -> None:
        """Record a run; a later record with the same id replaces an earlier one."""
        self.runs[record.id] = record

    def put(self, slot: Slot) -> None:
        """Keep or replace a slot."""
        self._slots[slot.owner, slot.key] = slot

    def drop(self, owner: str, key: str | None = None) -> None:
        """Forget one slot, or all slots of an owner."""
        for place in [p for p in self._slots if p[0] == owner and key in (None, p[1])]:
            del self._slots[place]

    def slots(self) -> Sequence[Slot]:
        """Every slot kept."""
        return tuple(self._slots.values())

    def remember(self, key: str, value: Any, ts: float) -> None:
        """Keep a value; None forgets it."""
        if value is None:
            self._memory.pop(key, None)
        else:
            self._memory[key] = (value, ts)

    def memory(self) -> Sequence[tuple[str, Any, float]]:
        """What is remembered: key, value, when it was set."""
        return [(key, value, ts) for key, (value, ts) in self._memory.items()]


class MemoryMessages:
    """The messages sent (`pipelines.ports.Messages`)."""

    def __init__(self) -> None:
        self.sent: list[Publication] = []

    def send(
        self, topic: str, payload: bytes | str, *, qos: int = 0, retain: bool = False, run: int = 0
    ) -> None:
        """Note a message."""
        self.sent.append(Publication(topic, payload, qos, retain))


class MemoryOutside:
    """A world outside in which nobody answers (`pipelines.ports.Outside`)."""

    def __init__(self) -> None:
        self.notified: list[tuple[str, str, str, Mapping[str, Any]]] = []

    async def request(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        """Nobody is there.

        Raises:
            OSError: always.
        """
        raise OSError(f"no stub answers {url}")

    async def notify(self, to: str, title: str, message: str, options: Mapping[str, Any]) -> None:
        """Note a notification."""
        self.notified.append((to, title, message, options))

    async def query(self, sql: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        """No rows."""
        return []
