"""Topics: which part is the prefix, which the device, which the word, in any full topic."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from firmware_profiles.declarative.patterns import Pattern

_SPOKEN = re.compile(r"[A-Z][A-Z0-9_]*|ZbReceived")  # words as the firmware writes them
_ORDER = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_TOKENS = re.compile(r"%(topic|hostname|id)%")
ROLES = ("cmnd", "stat", "tele")
STANDARD = "%prefix%/%topic%/"


class Place(NamedTuple):
    """What a topic is: of which device, in which role (cmnd, stat, tele), and its last word.

    `orders` is the beginning of the device's command topics.
    """

    device: str
    role: str
    word: str
    orders: str


class Topics:
    """Full topics that were configured, and a good guess for the others."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        names = [str(name) for name in options.get("prefixes", ROLES)]
        self._roles = dict(zip(names, ROLES, strict=False))
        self.prefixes = tuple(names)
        self._patterns = [_pattern(str(full)) for full in options.get("full_topics", ())]

    def place(self, topic: str) -> Place | None:
        """The place of a topic by a configured full topic, else by where its prefix stands."""
        for pattern in self._patterns:
            parts = pattern.match(topic)
            if parts is not None and parts["prefix"] in self._roles:
                orders = topic.rpartition("/")[0] + "/"
                prefixed = f"/{parts['prefix']}/"
                orders = f"/{orders}".replace(prefixed, f"/{self.prefixes[0]}/")[1:]
                return Place(parts["device"], self._roles[parts["prefix"]], parts["word"], orders)
        return self._guess(topic.split("/"))

    def _guess(self, levels: list[str]) -> Place | None:
        if len(levels) < 3:
            return None
        for at, level in enumerate(levels[:-1]):
            role = self._roles.get(level)
            if role is None:
                continue
            device = levels[at - 1] if at == len(levels) - 2 else levels[-2]
            word = levels[-1]
            spoken = at == 0 or (_ORDER if role == "cmnd" else _SPOKEN).fullmatch(word)
            if not (spoken and device and word):
                return None
            orders = [*levels[:at], self.prefixes[0], *levels[at + 1 : -1], ""]
            return Place(device, role, word, "/".join(orders))
        return None

    def filters(self) -> list[str]:
        """What to subscribe to: the standard layout, and the prefix at any of the next levels."""
        first = [f"{prefix}/#" for prefix in self.prefixes]
        deeper = [f"{'+/' * depth}{p}/#" for depth in (1, 2, 3) for p in self.prefixes[1:]]
        return first + deeper + [pattern.filter() for pattern in self._patterns]


def heads(full: str, topic: str, names: Sequence[str], hostname: str, mac: str) -> list[str]:
    """The three beginnings of a device's topics (commands, stat, tele), each ending in `/`."""
    tokens = {"topic": topic, "hostname": hostname, "id": mac}
    found = []
    for number, name in enumerate(names):
        text = full or STANDARD
        if number == 0 and "%prefix%" not in text:  # commands always have their prefix
            text += "/%prefix%"
        text = text.replace("%prefix%", name)
        text = _TOKENS.sub(lambda token: tokens[token[1]], text).replace("#", "")
        found.append(re.sub("//+", "/", text + "/"))
    return found


def _pattern(full: str) -> Pattern:
    """A full topic as a pattern; the first of topic, hostname and id names the device."""
    text = full.strip().strip("/")
    if "%prefix%" not in text:
        text = f"%prefix%/{text}"
    named = next((token for token in ("%topic%", "%hostname%", "%id%") if token in text), "")
    text = text.replace("%prefix%", "{prefix}").replace(named or "%topic%", "{device}")
    return Pattern(_TOKENS.sub("+", text) + "/{word}")
