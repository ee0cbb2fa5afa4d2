"""Which messages of the past matter to a pipeline: what its triggers watch and its texts name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from edge_agent.devices.registry import Registry
from edge_agent.ledger.chronicle import Kind
from flows.topic_rules import filter_problem
from flows.topics import TopicTree
from pipelines.trigger import OnChange, OnName, OnReading, OnTick, OnTime, OnTopic, Watch


def watched_by(watches: Iterable[Watch], kinds: Sequence[Kind]) -> set[int]:
    """The kinds of messages that reach watches."""
    return {number for watch in watches for number in _reaching(watch, kinds)}


def _reaching(watch: Watch, kinds: Iterable[Kind]) -> set[int]:
    match watch:
        case OnTopic(filter=topic_filter):
            tree: TopicTree[bool] = TopicTree()
            tree.add(topic_filter, True)
            return {k.number for k in kinds if k.channel == "mqtt" and tree.match(k.source)}
        case OnReading():
            return {k.number for k in kinds if any(_wanted(watch, *item) for item in k.items)}
        case OnName(channel=channel, name=name):
            return {k.number for k in kinds if k.channel == channel and name in (k.source, "*")}
        case OnChange():
            return {k.number for k in kinds if k.items or k.channel == "memory"}
        case OnTime() | OnTick():
            return set()


def _wanted(watch: OnReading, key: str, property: str) -> bool:
    return watch.property in (None, property) and watch.wants(key)


def read_by(tree: Any, kinds: Iterable[Kind], registry: Registry) -> set[int]:
    """The kinds that change what a pipeline's texts name: devices, and everything remembered."""
    keys, topics = set(_devices(tree, registry)), TopicTree[bool]()
    for text in _texts(tree):
        if not filter_problem(text):
            topics.add(text, True)
    return {
        k.number
        for k in kinds
        if k.channel == "memory"
        or any(key in keys for key, _ in k.items)
        or (k.channel == "mqtt" and topics.match(k.source))
    }


def _devices(tree: Any, registry: Registry) -> Iterator[str]:
    texts = "\n".join(_texts(tree))
    for name in registry.directory.names():
        if name and name in texts:
            yield from registry.directory.named(name)
    for selector in _selectors(tree):
        yield from registry.keys(selector)


def _texts(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    for child in _children(tree):
        yield from _texts(child)


def _selectors(tree: Any) -> Iterator[Any]:
    """Labels, areas and globs under `device`."""
    if isinstance(tree, dict):
        device = tree.get("device")
        if isinstance(device, dict) or (isinstance(device, str) and "*" in device):
            yield device
    for child in _children(tree):
        yield from _selectors(child)


def _children(tree: Any) -> Iterable[Any]:
    if isinstance(tree, dict):
        return tree.values()
    return tree if isinstance(tree, list) else ()
