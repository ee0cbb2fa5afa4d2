"""What components ask of the world: small protocols that the outer layers implement."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from schemas.device import Change, Command
from schemas.event import Event
from schemas.model import Asker

if TYPE_CHECKING:
    from pipelines.scope import Scope
    from pipelines.trigger import OnName


class Handle(Protocol):
    """Something that can be called off."""

    def cancel(self) -> None:
        """Call it off; doing so twice, or too late, does nothing."""


class Clock(Protocol):
    """The time: the system's, or a test's that is advanced by hand."""

    def now(self) -> float:
        """Epoch seconds, UTC."""

    def call_at(self, when: float, callback: Callable[[], None]) -> Handle:
        """Call back once at or after `when` (epoch seconds)."""


class Messages(Protocol):
    """The MQTT side of the world."""

    def send(
        self, topic: str, payload: bytes | str, *, qos: int = 0, retain: bool = False, run: int = 0
    ) -> None:
        """Send or queue one message; never blocks. `run` is the id of the run that sends it."""


class Devices(Protocol):
    """The device registry as components see it. Names are names, aliases or keys."""

    def select(self, devices: str | list[str] | dict[str, str]) -> Callable[[str], bool]:
        """A test of device keys for a `device:` selector; follows renames and new devices."""

    def keys(self, devices: str | list[str] | dict[str, str] | None = None) -> list[str]:
        """The keys of the known devices a selector names (all without one)."""

    def name(self, device: str) -> str:
        """What users call a device given by name, alias or key; unknown ones as given."""

    def value(self, device: str, property: str, instance: str | None = None) -> Any:
        """The last reported value; None when nothing is known. `available` is a property."""

    def since(self, device: str, property: str, instance: str | None = None) -> float | None:
        """When the property took its present value (epoch seconds); None when nothing is known."""

    def command(self, device: str, command: Command, run: int = 0) -> Awaitable[None] | None:
        """Encode by the device's profile and send, for the run of this id.

        Raises:
            LookupError: no such device, or its firmware cannot do this; the text says which.
        """


class Memory(Protocol):
    """Values that outlive runs and restarts."""

    def get(self, key: str) -> Any:
        """The remembered value, None when unset."""

    def set(self, key: str, value: Any) -> None:
        """Remember a value (None forgets it); fires `memory` triggers when it changed."""

    def since(self, key: str) -> float | None:
        """When it was last set (epoch seconds); None when unset."""


class Outside(Protocol):
    """Slow things outside: each returns an awaitable and may raise OSError or LookupError."""

    def request(self, method: str, url: str, **options: Any) -> Awaitable[dict[str, Any]]:
        """An HTTP request: options headers, params, json, body, timeout → status, headers, body,
        json. A 1 MiB answer is the limit."""

    def notify(
        self, to: str, title: str, message: str, options: Mapping[str, Any]
    ) -> Awaitable[None]:
        """Deliver to a named target of `hearth.yaml`."""

    def query(self, sql: str, params: Mapping[str, Any]) -> Awaitable[list[dict[str, Any]]]:
        """Read-only SQL over the ledger."""


Query = Callable[[str, Mapping[str, Any]], Awaitable[list[dict[str, Any]]]]
"""`Outside.query`."""


class Busy(OSError):
    """A model has too much to do; asking again after `seconds` may help."""

    def __init__(self, text: str, seconds: float = 1.0) -> None:
        super().__init__(text)
        self.seconds = seconds


class Models(Protocol):
    """Models by name. Each returns an awaitable and may raise OSError (it failed; `Busy`),
    LookupError (no such model) or ValueError (it cannot do this)."""

    def classify(
        self, model: str, text: str, options: Mapping[str, Any], asker: Asker
    ) -> Awaitable[Any]:
        """What a text means: options labels, language → intent, confidence, slots, language."""

    def generate(
        self,
        model: str,
        messages: Sequence[Mapping[str, Any]],
        options: Mapping[str, Any],
        asker: Asker,
    ) -> Awaitable[dict[str, Any]]:
        """An answer: options as in OpenAI's API, schema, deadline → text, json, calls, usage."""

    def embed(self, model: str, texts: Sequence[str], asker: Asker) -> Awaitable[list[list[float]]]:
        """A vector for each text."""

    def judge(self, model: str, query: Query, at: float, asker: Asker) -> Awaitable[dict[str, Any]]:
        """How unusual a sensor's value is at a time, by its history → score, expected, value."""


class NoModels:
    """There are none (`Models`)."""

    def classify(
        self, model: str, text: str, options: Mapping[str, Any], asker: Asker
    ) -> Awaitable[Any]:
        """Refused."""
        raise LookupError(f"there is no model `{model}`")

    def generate(
        self,
        model: str,
        messages: Sequence[Mapping[str, Any]],
        options: Mapping[str, Any],
        asker: Asker,
    ) -> Awaitable[dict[str, Any]]:
        """Refused."""
        raise LookupError(f"there is no model `{model}`")

    def embed(self, model: str, texts: Sequence[str], asker: Asker) -> Awaitable[list[list[float]]]:
        """Refused."""
        raise LookupError(f"there is no model `{model}`")

    def judge(self, model: str, query: Query, at: float, asker: Asker) -> Awaitable[dict[str, Any]]:
        """Refused."""
        raise LookupError(f"there is no model `{model}`")


class Bus(Protocol):
    """Internal events."""

    def emit(self, name: str, data: Any, run: int = 0, depth: int = 0) -> None:
        """Send an internal event; `event` triggers of that name see it as `trigger.payload`.

        `run` is the id of the run that sends it, `depth` that of the run's own event.
        """


class SubRun(Struct, frozen=True):
    """A run as the run that started it sees it.

    `id` is a UUID as text, `outputs` are the variables it ended with. State `skipped`: the
    pipeline's conditions did not hold, there is no run and no id.
    """

    id: str
    state: str
    outputs: dict[str, Any] = {}
    error: str = ""

    @property
    def goes_on(self) -> bool:
        """Whether its end is still to come."""
        return self.state in ("queued", "running")


class Runs(Protocol):
    """Runs of other pipelines, started by a step: `scope` is its run, `step` its path."""

    def start(
        self, pipeline: str, inputs: Mapping[str, Any], scope: Scope, step: str, *, wait: bool
    ) -> SubRun:
        """Start a run; how it is by now. With `wait` its end is kept until `kept` has told it.

        Raises:
            StepFailed: it cannot be started; the text says why.
        """

    def kept(self, scope: Scope, step: str) -> SubRun | None:
        """The run this step was waiting for when the agent was stopped, as it is now.

        Raises:
            StepFailed: it is gone.
        """

    def on_end(self, run: str, tell: Callable[[SubRun, Event], None]) -> OnName:
        """A watch that tells the end of a run that goes on."""

    def cancel(self, scope: Scope, step: str) -> None:
        """End the run this step waits for."""

    def rehearse(
        self, pipeline: str, inputs: Mapping[str, Any], scope: Scope, step: str
    ) -> Awaitable[SubRun]:
        """Run without acting on the world; its effects are added to those of `scope`."""


class Slots(Protocol):
    """The durable state of one armed trigger or waiting run (rows in the ledger's `timers`)."""

    def get(self, key: str) -> Any:
        """The kept value, None when there is none."""

    def put(self, key: str, value: Any, due: float | None = None) -> None:
        """Keep a value; with `due` the `on_due` callback is called once at that time."""

    def drop(self, key: str) -> None:
        """Forget a value, and its deadline."""

    def keys(self) -> Sequence[str]:
        """The keys kept."""

    def on_due(self, callback: Callable[[str, Any, Event], None]) -> None:
        """Set what is called with (key, value, timer event) when a deadline comes; the slot is
        dropped before. Deadlines already past when this is called come at once."""

    def on_close(self, callback: Callable[[], None]) -> None:
        """Set what is called before the state is put away: the last chance to keep something."""


class Past(Protocol):
    """What was recorded, in the order in which it was handled: for what follows it."""

    def position(self) -> int:
        """Where the record stands now; everything handled so far lies before it or at it."""

    def readings_since(self, after: int, property: str | None) -> Iterable[tuple[Change, Event]]:
        """The recorded readings after a position, of one property or of all."""

    def messages_since(self, after: int, topic_filter: str) -> Iterable[Event]:
        """The recorded messages after a position, of topics that match a filter."""


class NoPast:
    """Nothing was recorded (`Past`)."""

    def position(self) -> int:
        """Always 0."""
        return 0

    def readings_since(self, after: int, property: str | None) -> Iterable[tuple[Change, Event]]:
        """Nothing."""
        return ()

    def messages_since(self, after: int, topic_filter: str) -> Iterable[Event]:
        """Nothing."""
        return ()


class Home(Struct, frozen=True):
    """Where the home is, for clocks on the wall and the sun; whom `notify` knows, for checks."""

    name: str = "home"
    time_zone: str = "UTC"
    latitude: float | None = None
    longitude: float | None = None
    targets: frozenset[str] | None = None


class Ports(Struct, frozen=True):
    """Everything a component may reach, handed to `compile` through `Tools`."""

    clock: Clock
    messages: Messages
    devices: Devices
    memory: Memory
    outside: Outside
    bus: Bus
    runs: Runs
    home: Home = Home()
    past: Past = NoPast()
    models: Models = NoModels()
