"""The way in: from a message to what the devices said, the ledger and the engine, in that order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from edge_agent.channels.message import Message
from edge_agent.devices.registry import Registry
from edge_agent.gateway.live import Live
from edge_agent.monitoring.metrics import Counter
from firmware_profiles.payloads import parse
from firmware_profiles.profiles import Profiles
from flows.engine import Engine
from schemas.device import Change, Decoded
from schemas.event import Event


class Keeper(Protocol):
    """The ledger as messages need it."""

    def message(self, event: Event, changes: Sequence[Change]) -> None:
        """Record an incoming event with the readings it made; before the runs it starts."""


class Intake:
    """Takes messages in on the loop's thread; a run of plain steps is over when it returns."""

    def __init__(
        self,
        *,
        profiles: Profiles,
        registry: Registry,
        ledger: Keeper,
        engine: Engine,
        live: Live,
        counter: Counter,
        resubscribe: Callable[[], None],
    ) -> None:
        self._decode = profiles.decode
        self._profiles = profiles
        self._directory = registry.directory
        self._apply = registry.apply
        self._record = ledger.message
        self._handle = engine.handle
        self._router = engine.router
        self._now = engine.clock.now
        self._live = live
        self._count = counter
        self._resubscribe = resubscribe
        self._known = self._subscribed = -1
        self._waiting: deque[tuple[Event, Decoded | None]] = deque()

    def messages(self, messages: deque[Message]) -> None:
        """The messages of one read, oldest first: each is taken off the deque.

        First all are decoded, then each is acted on: a message costs a sixth less than when the
        two alternate (measured; the processor's caches do not hold both).
        """
        waiting = self._waiting
        try:
            while messages:
                waiting.append(self._event(messages.popleft()))
        finally:
            while waiting:
                self._take(*waiting.popleft())

    def message(self, message: Message) -> None:
        """One message from elsewhere."""
        self.messages(deque((message,)))

    def _event(self, message: Message) -> tuple[Event, Decoded | None]:
        raw, topic = message.payload, message.topic
        payload = parse(raw)
        now = self._now()
        decoded = self._decode(topic, raw, payload, message.retain)
        ts, age = now, message.age
        if decoded is not None and decoded.ts is not None:
            ts, age = min(decoded.ts, now), 0.0
        event = Event(
            message.id, ts, now, "mqtt", topic, payload, raw, message.retain, age, message.qos
        )
        return event, decoded

    def _take(self, event: Event, decoded: Decoded | None) -> None:
        changes: Sequence[Change] = ()
        if decoded is not None:
            changes = self._apply(decoded, event)
            known, subscribed = self._directory.version, self._profiles.version
            if known != self._known or subscribed != self._subscribed:
                self._follow_versions()
        self._count.value += 1
        self.changed(event, changes)

    def changed(self, event: Event, changes: Sequence[Change]) -> None:
        """An event with what it says of devices: recorded, shown, then acted on."""
        self._record(event, changes)
        if self._live.listening:
            self._live.event(event)
            self._live.readings(list(changes))
        self._handle(event, changes)

    def _follow_versions(self) -> None:
        """Who a name means may have changed, or what to subscribe to."""
        known, self._known = self._known, self._directory.version
        subscribed, self._subscribed = self._subscribed, self._profiles.version
        if known != self._known:
            self._router.devices_changed()
        if subscribed != self._subscribed:
            self._resubscribe()
