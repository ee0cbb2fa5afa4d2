"""Which filters cover or cross which, and how a message still arrives once."""

from collections.abc import Iterable, Iterator, Mapping
from zlib import crc32


def covers(wide: str, narrow: str) -> bool:
    """Whether every topic that `narrow` matches is matched by `wide` (MQTT 4.7)."""
    return wide in _Tree([wide]).covering(narrow)


def merged(wanted: Mapping[str, int]) -> dict[str, int]:
    """The filters that none of the others covers, each with the highest QoS it stands for."""
    tree = _Tree(name for name in wanted if "#" in name or "+" in name)
    above = {name: tree.covering(name) - {name} for name in wanted}
    kept = {name: qos for name, qos in wanted.items() if not above[name]}
    for narrow, wider in above.items():
        for name in wider & kept.keys():
            kept[name] = max(kept[name], wanted[narrow])
    return kept


def crossing(kept: Mapping[str, int]) -> dict[str, int]:
    """Those of the merged filters that share topics with another, with the QoS of the highest.

    A broker may send a message once for each of them: equal QoS keeps such copies together.
    """
    tree = _Tree(kept)
    groups: dict[str, set[str]] = {}
    for name in kept:
        if "#" not in name and "+" not in name:
            continue
        for other in tree.crossing(name) - {name}:
            group = groups.setdefault(name, {name}) | groups.setdefault(other, {other})
            groups.update(dict.fromkeys(group, group))
    return {name: max(kept[other] for other in group) for name, group in groups.items()}


def identifier(name: str) -> int:
    """The subscription identifier of a filter (1 to 268,435,455), the same in every process."""
    return crc32(name.encode()) % 268_435_455 + 1


class Copies:
    """Tells the copies of one message that crossing filters bring (MQTT 5, 3.3.4) apart from
    equal messages: copies follow each other, each with the identifier of another subscription.
    """

    def __init__(self) -> None:
        self._last = ("", b"")
        self._seen: set[int] = set()

    def again(self, topic: str, payload: bytes, subscription: int) -> bool:
        """Whether this is a copy of the message before it."""
        if (topic, payload) == self._last and subscription not in self._seen:
            self._seen.add(subscription)
            return True
        self._last = (topic, payload)
        self._seen = {subscription}
        return False


class _Node(dict[str, "_Node"]):
    """Filters by their levels; `name` is the filter that ends here."""

    name = ""


class _Tree:
    """Finds filters without comparing each with each."""

    def __init__(self, filters: Iterable[str]) -> None:
        self._root = _Node()
        for name in filters:
            node = self._root
            for level in name.split("/"):
                node = node.setdefault(level, _Node())
            node.name = name

    def covering(self, name: str) -> set[str]:
        """The filters that match every topic `name` matches."""
        return set(_covering(self._root, name.split("/"), 0))

    def crossing(self, name: str) -> set[str]:
        """The filters that match some topic `name` matches."""
        return set(_crossing(self._root, name.split("/"), 0))


def _covering(node: _Node, levels: list[str], at: int) -> Iterator[str]:
    hidden = at == 0 and levels[0].startswith("$")  # wildcards do not reach these (MQTT 4.7.2)
    if "#" in node and not hidden:
        yield node["#"].name
    if at == len(levels):
        if node.name:
            yield node.name
        return
    if levels[at] == "#":
        return
    for level in {levels[at]} if hidden else {levels[at], "+"}:
        if level in node:
            yield from _covering(node[level], levels, at + 1)


def _crossing(node: _Node, levels: list[str], at: int) -> Iterator[str]:
    hidden = at == 0 and levels[0].startswith("$")
    if "#" in node and not hidden:
        yield node["#"].name
    if at == len(levels):
        if node.name:
            yield node.name
        return
    if levels[at] == "#":
        yield from _all(node, at)
        return
    if levels[at] == "+":
        found = [level for level in node if level != "#" and (at or level[:1] != "$")]
    else:
        wanted = {levels[at]} if hidden else {levels[at], "+"}
        found = [level for level in wanted if level in node]
    for level in found:
        yield from _crossing(node[level], levels, at + 1)


def _all(node: _Node, at: int) -> Iterator[str]:
    if node.name:
        yield node.name
    for level, child in node.items():
        if at or level[:1] != "$":
            yield from _all(child, at + 1)
