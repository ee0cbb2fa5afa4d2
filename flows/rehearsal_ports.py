"""The world in memory: devices, messages and history that are lists, and an advanced clock."""

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct

from flows.virtual_clock import Endless, VirtualClock
from schemas.device import Change, Command, Publication
from schemas.event import Event
from schemas.run import RunRecord, Slot

__all__ = [
    "Endless", "HttpStub", "KnownDevice", "MemoryDevices", "MemoryMessages", "MemoryOutside",
    "MemoryRecorder", "VirtualClock",
]  # fmt: skip

Selector = str | list[str] | dict[str, str]


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


class KnownDevice(Struct, frozen=True):
    """What a rehearsal says of a device beside its readings."""

    area: str = ""
    labels: dict[str, str] = {}
    aliases: tuple[str, ...] = ()


class MemoryDevices:
    """Devices as they were reported (`pipelines.ports.Devices`).

    A device is known once it is declared or has reported; its key is its name. Commands are
    noted, and accepted by every device.
    """

    def __init__(
        self, now: Callable[[], float], known: Mapping[str, KnownDevice] | None = None
    ) -> None:
        self._now = now
        self._known: dict[str, KnownDevice] = dict(known or {})
        self._values: dict[tuple[str, str, str | None], tuple[Any, float]] = {}
        self.commands: list[tuple[str, Command]] = []

    def report(
        self,
        device: str,
        property: str,
        value: Any,
        *,
        instance: str | None = None,
        retained: bool = False,
    ) -> Change:
        """Take in a reading; the change it makes, as the registry of an agent tells it."""
        device = self.name(device)
        self._known.setdefault(device, KnownDevice())
        place = (device, property, instance)
        known, previous = place in self._values, self._values.get(place, (None, 0.0))[0]
        if not known or previous != value:
            self._values[place] = (value, self._now())
        return Change(
            device, device, property, instance, value, previous, known, self._now(),
            None, property == "action", retained,
        )  # fmt: skip

    def select(self, devices: Selector) -> Callable[[str], bool]:
        """A test of device keys for a selector."""
        return lambda key: self._is(key, devices)

    def keys(self, devices: Selector | None = None) -> list[str]:
        """The keys of the known devices a selector names."""
        return [key for key in self._known if devices is None or self._is(key, devices)]

    def name(self, device: str) -> str:
        """The name of a device given by name or alias."""
        if device in self._known:
            return device
        return next((n for n, known in self._known.items() if device in known.aliases), device)

    def value(self, device: str, property: str, instance: str | None = None) -> Any:
        """The last reported value; without an instance that of any when there is no other."""
        found = self._found(device, property, instance)
        return None if found is None else found[0]

    def since(self, device: str, property: str, instance: str | None = None) -> float | None:
        """When the property took its present value."""
        found = self._found(device, property, instance)
        return None if found is None else found[1]

    def command(self, device: str, command: Command, run: int = 0) -> None:
        """Note a command."""
        self.commands.append((self.name(device), command))

    def _found(self, device: str, property: str, instance: str | None) -> tuple[Any, float] | None:
        device = self.name(device)
        if instance is not None or (device, property, None) in self._values:
            return self._values.get((device, property, instance))
        places = (p for p in self._values if p[:2] == (device, property))
        return next((self._values[place] for place in places), None)

    def _is(self, key: str, devices: Selector) -> bool:
        if isinstance(devices, list):
            return any(self._is(key, each) for each in devices)
        if isinstance(devices, str):
            names = (key, *self._known.get(key, KnownDevice()).aliases)
            return any(name == devices or fnmatchcase(name, devices) for name in names)
        known = self._known.get(key, KnownDevice())
        if "area" in devices and devices["area"] != known.area:
            return False
        name, equals, value = devices.get("label", "").partition("=")
        held = known.labels.get(name)
        return not name or (held is not None and (not equals or held == value))


class HttpStub(Struct, frozen=True):
    """How an address (a glob) answers in a rehearsal."""

    url: str
    json: Any = None
    body: str = ""
    status: int = 200


class MemoryOutside:
    """A world outside that answers what it was told to (`pipelines.ports.Outside`)."""

    def __init__(
        self,
        http: Sequence[HttpStub] = (),
        rows: Callable[[str, Mapping[str, Any]], list[dict[str, Any]]] = lambda sql, params: [],
    ) -> None:
        self._http = http
        self._rows = rows
        self.requests: list[tuple[str, str, dict[str, Any]]] = []
        self.notified: list[tuple[str, str, str, Mapping[str, Any]]] = []
        self.queries: list[tuple[str, Mapping[str, Any]]] = []

    async def request(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        """The answer of the first stub whose address matches; nobody else is there."""
        self.requests.append((method, url, options))
        for stub in self._http:
            if fnmatchcase(url, stub.url):
                return {"status": stub.status, "headers": {}, "body": stub.body, "json": stub.json}
        raise OSError(f"no stub answers {url}")

    async def notify(self, to: str, title: str, message: str, options: Mapping[str, Any]) -> None:
        """Note a notification."""
        self.notified.append((to, title, message, options))

    async def query(self, sql: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rows the rehearsal gives."""
        self.queries.append((sql, params))
        return self._rows(sql, params)
