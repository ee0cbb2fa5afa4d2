"""What was handled, in memory: the past of a rehearsal (`pipelines.ports.Past`)."""

from collections.abc import Iterator, Sequence

from flows.topics import TopicTree
from schemas.device import Change
from schemas.event import Event


class MemoryPast:
    """Every message with the readings it made."""

    def __init__(self) -> None:
        self._entries: list[tuple[Event, Sequence[Change]]] = []

    def message(self, event: Event, changes: Sequence[Change] = ()) -> None:
        """Record a message before it is handled."""
        self._entries.append((event, changes))

    def position(self) -> int:
        """How many were recorded."""
        return len(self._entries)

    def readings_since(self, after: int, property: str | None) -> Iterator[tuple[Change, Event]]:
        """The readings after a position that no broker had kept."""
        for event, changes in self._entries[after:]:
            for change in changes:
                if not change.retained and property in (None, change.property):
                    yield change, event

    def messages_since(self, after: int, topic_filter: str) -> Iterator[Event]:
        """The messages after a position that no broker had kept."""
        tree: TopicTree[bool] = TopicTree()
        tree.add(topic_filter, True)
        for event, _ in self._entries[after:]:
            if not event.retain and tree.match(event.source):
                yield event
