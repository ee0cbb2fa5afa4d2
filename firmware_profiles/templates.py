"""Text templates: `{room}-{id|upper}`, filled from a topic's parts and from the payload."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from firmware_profiles.paths import find
from firmware_profiles.values import text

_HOLE = re.compile(r"\{([^{}]+)\}")
FILTERS: dict[str, Callable[[str], str]] = {
    "upper": str.upper,
    "lower": str.lower,
    "bare": lambda word: word.replace(":", "").replace("-", ""),
}


class Template:
    """A text with holes: a named part of the topic, else a path into the payload.

    Raises:
        ValueError: a hole has a filter that there is not.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self._wanted = {hole: _split(hole) for hole in _HOLE.findall(source)}
        self.holes = tuple(path for path, _ in self._wanted.values())

    def bound(self, parts: Mapping[str, str]) -> Template:
        """The template with the parts of one topic filled in."""

        def part(hole: re.Match[str]) -> str:
            path, filters = self._wanted[hole[1]]
            return _filtered(parts[path], filters) if path in parts else hole[0]

        return Template(_HOLE.sub(part, self.source))

    def fill(self, payload: Any) -> str | None:
        """The text for a payload; None when something it names is not there."""
        if not self._wanted:
            return self.source
        filled = {}
        for hole, (path, filters) in self._wanted.items():
            word = text(find(payload, path))
            if word is None:
                return None
            filled[hole] = _filtered(word, filters)
        return _HOLE.sub(lambda hole: filled[hole[1]], self.source)


@lru_cache(maxsize=4096)
def template(source: str) -> Template:
    """The template of a text, parsed once.

    Raises:
        ValueError: as `Template`.
    """
    return Template(source)


def _split(hole: str) -> tuple[str, list[str]]:
    path, *filters = (part.strip() for part in hole.split("|"))
    for name in filters:
        if name not in FILTERS:
            raise ValueError(f"no filter `{name}`; there are {', '.join(FILTERS)}")
    return path, filters


def _filtered(word: str, filters: list[str]) -> str:
    for name in filters:
        word = FILTERS[name](word)
    return word
