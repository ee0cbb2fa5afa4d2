"""The language of the templates: text with choices, options, rules, spans and marks."""

import re
from collections.abc import Callable, Mapping, Sequence

from edge_agent.intents.grammar.draft import MARKS, Draft
from edge_agent.intents.labels import SPANS

Say = Callable[[Draft], None]
Rules = Mapping[str, Sequence[Say]]
"""What each rule may say; an alternative that stands twice is said twice as often."""
_SPECIAL = "()[]{}<>|"
_CLOSING = {"(": ")", "[": "]", "{": "}", "<": ">"}
_TIMES = " *"
_SPACES = re.compile(" +")


def alternatives(lines: str, rules: Rules) -> list[Say]:
    """Everything that a block of lines may say: one or more alternatives a line.

    Raises:
        ValueError: a line is wrong; the text names it.
    """
    found: list[Say] = []
    for line in map(str.strip, lines.splitlines()):
        if line and not line.startswith("#"):
            text, times = _weighed(line)
            found += Template(text, rules).all() * times
    return found


def choice(said: Sequence[Say]) -> Say:
    """Says one of them."""
    if len(said) == 1:
        return said[0]
    count = len(said)
    return lambda draft: said[int(draft.random() * count)](draft)


def rule(name: str, rules: Rules) -> Say:
    """Says one alternative of a rule, looked up when it is said: rules may come in any order."""

    def say(draft: Draft) -> None:
        said = rules[name]
        said[int(draft.random() * len(said))](draft)

    return say


def aside(inner: Say) -> Say:
    """Says something without its labels."""

    def say(draft: Draft) -> None:
        before, draft.aside = draft.aside, True
        inner(draft)
        draft.aside = before

    return say


def span(slot: str, inner: Say) -> Say:
    """Says something that fills a slot."""

    def say(draft: Draft) -> None:
        start = draft.length
        inner(draft)
        draft.span(slot, start)

    return say


def integer(text: str) -> Say:
    """Says a number of a range: `0-100`, `5-95/5` in steps, `00-59` with leading zeros."""
    bounds, _, step = text.partition("/")
    low, high = bounds.split("-")
    width = len(low) if low.startswith("0") else 0
    numbers = [f"{each:0{width}}" for each in range(int(low), int(high) + 1, int(step or 1))]
    return lambda draft: draft.add(numbers[int(draft.random() * len(numbers))])


class Template:
    """Reads one template, character by character."""

    def __init__(self, text: str, rules: Rules) -> None:
        self.text = text.replace(" | ", "|")
        self.rules = rules
        self.at = 0

    def all(self) -> list[Say]:
        """Its alternatives.

        Raises:
            ValueError: it is wrong.
        """
        said = self._choices("")
        if self.at < len(self.text):
            raise self._wrong(f"`{self.text[self.at]}` closes nothing")
        return said

    def _choices(self, closing: str) -> list[Say]:
        said = [self._sequence()]
        while self.text.startswith("|", self.at):
            self.at += 1
            said.append(self._sequence())
        if closing and not self.text.startswith(closing, self.at):
            raise self._wrong(f"`{closing}` is missing")
        self.at += len(closing)
        return said

    def _sequence(self) -> Say:
        parts: list[Say] = []
        while self.at < len(self.text) and self.text[self.at] not in ")]}>|":
            parts.append(self._part())
        if len(parts) == 1:
            return parts[0]

        def say(draft: Draft) -> None:
            for part in parts:
                part(draft)

        return say

    def _part(self) -> Say:
        sign = self.text[self.at]
        if sign not in _CLOSING:
            return self._literal()
        self.at += 1
        if sign == "(":
            return choice(self._choices(")"))
        if sign == "[":
            said = self._choices("]")
            return choice([*said, *[_nothing] * len(said)])
        return self._mark() if sign == "<" else self._braces()

    def _literal(self) -> Say:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in _SPECIAL:
            self.at += 1
        text = _SPACES.sub(" ", self.text[start : self.at])
        return lambda draft: draft.add(text)

    def _mark(self) -> Say:
        name = self._until(">")
        if name not in MARKS:
            raise self._wrong(f"there is no mark `{name}`")
        return lambda draft: draft.mark(name)

    def _braces(self) -> Say:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in "=}":
            self.at += 1
        name = self.text[start : self.at]
        if self.text.startswith("=", self.at):
            self.at += 1
            if name not in SPANS:
                raise self._wrong(f"there is no slot `{name}`")
            return span(name, choice(self._choices("}")))
        self.at = start
        return self._named(self._until("}"))

    def _named(self, name: str) -> Say:
        if name.startswith("~"):
            return aside(self._named(name[1:]))
        if name[:1].isdigit():
            return integer(name)
        if name not in self.rules:
            raise self._wrong(f"there is no rule `{name}`")
        return rule(name, self.rules)

    def _until(self, closing: str) -> str:
        end = self.text.find(closing, self.at)
        if end < 0:
            raise self._wrong(f"`{closing}` is missing")
        name, self.at = self.text[self.at : end], end + 1
        return name

    def _wrong(self, what: str) -> ValueError:
        return ValueError(f"{what}: {self.text}")


def _nothing(draft: Draft) -> None:
    """Says nothing: an option that is not taken."""


def _weighed(line: str) -> tuple[str, int]:
    text, star, times = line.rpartition(_TIMES)
    return (text, int(times)) if star and times.isdigit() else (line, 1)
