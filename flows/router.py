"""From an event to the triggers that must see it; cost does not grow with the pipelines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from flows.schedule import Schedule
from flows.topics import TopicTree
from pipelines.ports import Clock
from pipelines.trigger import OnChange, OnName, OnReading, OnTick, OnTime, OnTopic, Watch
from schemas.device import Change
from schemas.event import Event

ANY = "*"
"""Instead of a name: internal events of a channel whatever their name."""

SeeChange = Callable[[Change, Event], None]


class Router:
    """Indexes of everything that is watched; `on_subscriptions` hears which filters are wanted."""

    def __init__(self, clock: Clock) -> None:
        self.schedule = Schedule(clock)
        self._topics: TopicTree[Callable[[Event], None]] = TopicTree()
        self._filters: dict[str, list[int]] = {}
        self._readings: dict[str | None, list[OnReading]] = {}
        self._seen: dict[tuple[str, str], tuple[tuple[SeeChange, ...], tuple[SeeChange, ...]]] = {}
        self._channels: dict[str, int] = {}
        self._names: dict[tuple[str, str], list[Callable[[Event], None]]] = {}
        self._changes: list[OnChange] = []
        self._ticks: list[OnTick] = []
        self.watches_changes = False  # whether any trigger wishes to see every change
        self.on_subscriptions: Callable[[], None] = lambda: None

    def watch(self, watch: Watch) -> Callable[[], None]:
        """Attach a watch; the returned function detaches it."""
        match watch:
            case OnTopic():
                return self._watch_topic(watch)
            case OnReading():
                return self._watch_reading(watch)
            case OnName():
                return self._watch_name(watch)
            case OnTime():
                return self.schedule.watch(watch)
            case OnChange():
                return self._watch_changes(watch)
            case OnTick():
                self._ticks.append(watch)
                return lambda: self._ticks.remove(watch)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Tell of changed subscriptions once, after everything done inside."""
        tell, self.on_subscriptions = self.on_subscriptions, lambda: None
        try:
            yield
        finally:
            self.on_subscriptions = tell
            tell()

    def subscriptions(self) -> dict[str, int]:
        """The MQTT topic filters watched, with the highest QoS asked for."""
        return {topic_filter: max(levels) for topic_filter, levels in self._filters.items()}

    def devices_changed(self) -> None:
        """Forget which device keys matched which selectors: the registry was changed."""
        self._seen.clear()

    def topic(self, event: Event) -> None:
        """Show a message to the triggers of its topic."""
        for see in self._topics.match(event.source):
            see(event)

    def readings(self, changes: Sequence[Change], event: Event) -> None:
        """Show readings to the triggers of their device and property."""
        if not self._readings:
            return
        for change in changes:
            changed, every = self._seen.get((change.key, change.property)) or self._find(change)
            if changed and (
                not change.known or change.momentary or change.value != change.previous
            ):
                for see in changed:
                    see(change, event)
            for see in every:
                see(change, event)

    def name(self, channel: str, name: str, event: Event) -> bool:
        """Show an internal event to the triggers of its name; False when nobody watches it."""
        watchers = self._names.get((channel, name))
        for see in tuple(watchers or ()):
            see(event)
        return bool(watchers)

    def hears(self, channel: str) -> bool:
        """Whether any trigger waits for internal events of a channel: asked of every run."""
        return channel in self._channels

    def listens(self, channel: str, name: str) -> bool:
        """Whether any trigger waits for internal events of this name."""
        return bool(self._names.get((channel, name)))

    def changed(self, event: Event) -> None:
        """Readings or a remembered value have changed, whichever: let those look who wish."""
        for watch in tuple(self._changes):
            watch.see(event)

    def tick(self, event: Event) -> None:
        """Time has passed: let expression triggers look again."""
        for watch in tuple(self._ticks):
            watch.see(event)

    def _watch_changes(self, watch: OnChange) -> Callable[[], None]:
        self._changes.append(watch)
        self.watches_changes = True

        def detach() -> None:
            self._changes.remove(watch)
            self.watches_changes = bool(self._changes)

        return detach

    def _watch_name(self, watch: OnName) -> Callable[[], None]:
        names = self._names.setdefault((watch.channel, watch.name), [])
        names.append(watch.see)
        self._channels[watch.channel] = self._channels.get(watch.channel, 0) + 1

        def detach() -> None:
            names.remove(watch.see)
            self._channels[watch.channel] -= 1
            if not self._channels[watch.channel]:
                del self._channels[watch.channel]

        return detach

    def _watch_topic(self, watch: OnTopic) -> Callable[[], None]:
        levels = self._filters.setdefault(watch.filter, [])
        levels.append(watch.qos)
        self._topics.add(watch.filter, watch.see)
        self.on_subscriptions()

        def detach() -> None:
            self._topics.remove(watch.filter, watch.see)
            levels.remove(watch.qos)
            if not levels:
                self._filters.pop(watch.filter, None)
            self.on_subscriptions()

        return detach

    def _watch_reading(self, watch: OnReading) -> Callable[[], None]:
        watches = self._readings.setdefault(watch.property, [])
        watches.append(watch)
        self._seen.clear()

        def detach() -> None:
            watches.remove(watch)
            if not watches:
                self._readings.pop(watch.property, None)
            self._seen.clear()

        return detach

    def _find(self, change: Change) -> tuple[tuple[SeeChange, ...], tuple[SeeChange, ...]]:
        watches = [
            watch
            for watch in (
                *self._readings.get(change.property, ()),
                *self._readings.get(None, ()),
            )
            if watch.wants(change.key)
        ]
        found = (
            tuple(watch.see for watch in watches if not watch.every),
            tuple(watch.see for watch in watches if watch.every),
        )
        if len(self._seen) > 100_000:
            self._seen.clear()
        self._seen[change.key, change.property] = found
        return found
