"""A sentence while a template says it: its text so far, its spans, what its marks told."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from edge_agent.intents.labels import CHANGES, DOMAINS, Example

MORE = "more"
_CLOSE = ",.;:?!"
MARKS = frozenset({*DOMAINS, *CHANGES, MORE} - {""})


class Draft:
    """A sentence in the making; spaces never stand first, twice, or before a comma.

    What comes after the mark `more` belongs to another command, what is said `aside` to none: the
    text is kept, its labels are not.
    """

    def __init__(self, random: Random) -> None:
        self.random = random.random
        self.length = 0
        self.more = False
        self.aside = False
        self.phrase: Callable[[Draft], None] | None = None
        self._parts: list[str] = []
        self._after_space = True
        self._spans: list[tuple[str, int, int]] = []
        self._marks: dict[str, str] = {}

    def add(self, text: str) -> None:
        """Say a piece of text."""
        if self._after_space and text.startswith(" "):
            text = text[1:]
        if not text:
            return
        if self._after_space and self._parts and text[0] in _CLOSE:
            self._parts[-1] = self._parts[-1][:-1]
            self.length -= 1
        self._parts.append(text)
        self.length += len(text)
        self._after_space = text.endswith(" ")

    def span(self, slot: str, start: int) -> None:
        """What was said since `start` is what the slot holds."""
        end = self.length - self._after_space
        if start < end and not self.more and not self.aside:
            self._spans.append((slot, start, end))

    def mark(self, name: str) -> None:
        """Note a domain, a direction, or that another command follows."""
        if self.more or self.aside:
            return
        if name == MORE:
            self.more = True
        else:
            self._marks.setdefault("change" if name in CHANGES else "domain", name)

    def example(self, language: str, intent: str) -> Example:
        """The finished sentence; without labels when nothing is to be done."""
        text = "".join(self._parts).rstrip()
        if intent == "none":
            return Example(text, language, intent)
        domain, change = self._marks.get("domain", ""), self._marks.get("change", "")
        return Example(text, language, intent, domain, change, self.more, tuple(self._spans))
