"""Topic patterns: `home/{device:2}/{property}`, with `+` and `#` as in MQTT."""

from __future__ import annotations

import re
from functools import lru_cache

_PART = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?::(\d+|\*))?\}")


class Pattern:
    """A topic with named parts.

    Raises:
        ValueError: a part is malformed, or several may be of any length.
    """

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.names = frozenset(match[1] for match in _PART.finditer(topic))
        if not topic or "{" in _PART.sub("", topic) or "}" in _PART.sub("", topic):
            raise ValueError("a part is written `{name}`, `{name:2}` or `{name:*}`")
        if sum(match[2] == "*" for match in _PART.finditer(topic)) > 1 or _vague(topic):
            raise ValueError("only one part of a topic may be of any length")
        if "#" in topic.removesuffix("/#") and topic != "#":
            raise ValueError("`#` stands alone at the end of a topic")
        self._start = re.split(r"[{+#]", topic, maxsplit=1)[0].removesuffix("/")
        self._regex = re.compile("/".join(map(_level, topic.split("/"))).replace("/\0", "(?:/.*)?"))

    def match(self, topic: str) -> dict[str, str] | None:
        """The named parts of a topic, None when it is another one."""
        if not topic.startswith(self._start):
            return None
        found = self._regex.fullmatch(topic)
        return None if found is None else found.groupdict()

    def filter(self) -> str:
        """The MQTT filter that covers it."""
        levels: list[str] = []
        for level in self.topic.split("/"):
            part = _PART.fullmatch(level)
            if part and part[2] == "*":
                return "/".join([*levels, "#"])
            if part and part[2]:
                levels += ["+"] * int(part[2])
            else:
                levels.append("+" if part or "{" in level else level)
        return "/".join(levels)


@lru_cache(maxsize=4096)
def pattern(topic: str) -> Pattern:
    """The pattern of a topic, compiled once: every home has the shipped profiles.

    Raises:
        ValueError: as `Pattern`.
    """
    return Pattern(topic)


def _vague(topic: str) -> bool:
    """Whether nothing fixed stands between a part of any length and `#`."""
    _, any_length, rest = topic.partition(":*}")
    return any_length != "" and rest.endswith("#") and not re.search(r"\w", _PART.sub("", rest))


def _level(level: str) -> str:
    if level == "+":
        return "[^/]*"
    if level == "#":
        return "\0"
    out, at = "", 0
    for part in _PART.finditer(level):
        out += re.escape(level[at : part.start()]) + _group(part[1], part[2])
        at = part.end()
    return out + re.escape(level[at:])


def _group(name: str, count: str | None) -> str:
    if count is None:
        return f"(?P<{name}>[^/]+)"
    more = "*" if count == "*" else f"{{{max(int(count), 1) - 1}}}"
    return f"(?P<{name}>[^/]+(?:/[^/]+){more})"
