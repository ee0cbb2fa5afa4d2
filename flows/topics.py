"""Which watchers see a topic: a tree of filters, and a cache of what it answered."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")

_CACHED_TOPICS = 20_000


class TopicTree(Generic[T]):
    """Topic filters with `+` and `#` (MQTT 5.0, section 4.7) to values; look-ups are cached."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()
        self._cache: dict[str, tuple[T, ...]] = {}

    def add(self, topic_filter: str, value: T) -> None:
        """Let `match` answer `value` for topics the filter matches."""
        self._node(topic_filter).values.append(value)
        self._cache.clear()

    def remove(self, topic_filter: str, value: T) -> None:
        """Take one `add` back."""
        self._node(topic_filter).values.remove(value)
        self._cache.clear()

    def match(self, topic: str) -> tuple[T, ...]:
        """The values of every matching filter, in the order the filters stand in the tree."""
        found = self._cache.get(topic)
        if found is None:
            found = tuple(self._search(topic.split("/")))
            if len(self._cache) >= _CACHED_TOPICS:
                self._cache.clear()
            self._cache[topic] = found
        return found

    def _node(self, topic_filter: str) -> _Node[T]:
        node = self._root
        for level in topic_filter.split("/"):
            node = node.below.setdefault(level, _Node())
        return node

    def _search(self, levels: list[str]) -> list[T]:
        nodes, found = [self._root], []
        for depth, level in enumerate(levels):
            system = depth == 0 and level.startswith("$")
            step: list[_Node[T]] = []
            for node in nodes:
                if (rest := node.below.get("#")) and not system:
                    found += rest.values
                if below := node.below.get(level):
                    step.append(below)
                if (any_ := node.below.get("+")) and not system:
                    step.append(any_)
            nodes = step
        for node in nodes:
            found += node.values
            if rest := node.below.get("#"):
                found += rest.values
        return found


class _Node(Generic[T]):
    __slots__ = ("below", "values")

    def __init__(self) -> None:
        self.below: dict[str, _Node[T]] = {}
        self.values: list[T] = []
