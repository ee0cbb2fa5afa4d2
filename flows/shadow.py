"""The world as a shadow sees it: everything can be read, nothing can be done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from flows.slots import OwnedSlots
from pipelines.ports import Clock, Devices, Memory, Outside, Ports, Runs, SubRun
from pipelines.scope import Scope
from pipelines.trigger import OnName
from schemas.device import Command
from schemas.event import Event


class Leak(Exception):
    """A shadow would have done something: a step does not ask `scope.act` before it acts."""


def shadow_ports(live: Ports, memory: Memory) -> Ports:
    """Ports that let nothing through; what is remembered goes to `memory`.

    Every port is named here, so that a new one is dead in shadows until somebody lets it in.
    """
    return Ports(
        clock=live.clock,
        messages=_Mute(),
        devices=_Devices(live.devices),
        memory=memory,
        outside=_Outside(live.outside),
        bus=_Mute(),
        runs=_Runs(live.runs),
        home=live.home,
        past=live.past,
        models=live.models,
    )


class ShadowMemory:
    """A memory of a shadow's own, laid over the live one (`pipelines.ports.Memory`).

    What the shadow has set, and the keys in `own`, are its own, copied when it begins; others are
    seen as they are. `on_change` hears of what the shadow sets.
    """

    def __init__(self, live: Memory, clock: Clock) -> None:
        self.own: frozenset[str] = frozenset()
        self.on_change: Callable[[str, Any, Any], None] = lambda key, value, previous: None
        self._live = live
        self._now = clock.now
        self._kept: OwnedSlots | None = None

    def begin(self, kept: OwnedSlots) -> None:
        """Take up what was kept; what is its own and not there yet is copied now."""
        self._kept = kept
        for key in self.own - set(kept.keys()):
            kept.put(key, {"value": self._live.get(key), "since": self._live.since(key)})

    def owns(self, key: str) -> bool:
        """Whether the live memory does not matter for this key."""
        return self._entry(key) is not None

    def get(self, key: str) -> Any:
        """The remembered value, None when unset."""
        entry = self._entry(key)
        return self._live.get(key) if entry is None else entry["value"]

    def set(self, key: str, value: Any) -> None:
        """Remember a value for the shadow alone."""
        if self._kept is None:
            raise Leak(f"`{key}`, before the shadow has begun")
        previous = self.get(key)
        self._kept.put(key, {"value": value, "since": None if value is None else self._now()})
        if value != previous:
            self.on_change(key, value, previous)

    def since(self, key: str) -> float | None:
        """When it was last set (epoch seconds); None when unset."""
        entry = self._entry(key)
        return self._live.since(key) if entry is None else entry["since"]

    def _entry(self, key: str) -> Any:
        return None if self._kept is None else self._kept.get(key)


class _Mute:
    """Messages and internal events that nobody hears."""

    def send(
        self, topic: str, payload: bytes | str, *, qos: int = 0, retain: bool = False, run: int = 0
    ) -> None:
        raise Leak(f"a message to {topic}")

    def emit(self, name: str, data: Any, run: int = 0, depth: int = 0) -> None:
        raise Leak(f"an event {name}")


class _Devices:
    """Devices that can be read."""

    def __init__(self, live: Devices) -> None:
        self.select, self.keys, self.name = live.select, live.keys, live.name
        self.value, self.since = live.value, live.since

    def command(self, device: str, command: Command, run: int = 0) -> Awaitable[None] | None:
        raise Leak(f"a command to {device}")


class _Outside:
    """An outside that can be asked about the past, and nothing else."""

    def __init__(self, live: Outside) -> None:
        self.query = live.query

    def request(self, method: str, url: str, **options: Any) -> Awaitable[dict[str, Any]]:
        raise Leak(f"a request to {url}")

    def notify(
        self, to: str, title: str, message: str, options: Mapping[str, Any]
    ) -> Awaitable[None]:
        raise Leak(f"a notice to {to}")


class _Runs:
    """Runs of other pipelines that are only rehearsed."""

    def __init__(self, live: Runs) -> None:
        self.rehearse = live.rehearse

    def start(
        self, pipeline: str, inputs: Mapping[str, Any], scope: Scope, step: str, *, wait: bool
    ) -> SubRun:
        raise Leak(f"a run of {pipeline}")

    def kept(self, scope: Scope, step: str) -> SubRun | None:
        return None

    def on_end(self, run: str, tell: Callable[[SubRun, Event], None]) -> OnName:
        raise Leak(f"a wait for the run {run}")

    def cancel(self, scope: Scope, step: str) -> None:
        raise Leak("the end of a run")
