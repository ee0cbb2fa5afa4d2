"""Sentences as people write or say them, compared with what a pipeline listens for."""

from __future__ import annotations

import re

from pipelines.limits import Alarm

_PUNCTUATION = ".,!?;:…¿¡"
_BREAKS = re.compile(rf"^[{_PUNCTUATION}\s]+|[{_PUNCTUATION}]*(?:\s+[{_PUNCTUATION}]*|$)")
_CAPTURE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_WORD = re.compile(r"[^\s\[\](){}|]+")
_WORDS = r"\S+(?: \S+)*?"


class SentenceError(ValueError):
    """A pattern cannot be read; the text says why."""


class Sentence:
    """A pattern: words, `{name}` for one word or more, `[left out or not]`, `(one|another)`.

    Letter case, spaces and punctuation between words do not count.

    Raises:
        SentenceError: the pattern cannot be read.
    """

    def __init__(self, pattern: str) -> None:
        self._regex = re.compile(_Reader(pattern).read(), re.IGNORECASE)

    def match(self, text: str) -> dict[str, str] | None:
        """The captures by name, as they were written; None when it says something else."""
        with Alarm():
            found = self._regex.fullmatch(f" {_BREAKS.sub(' ', text).strip()}")
        if found is None:
            return None
        return {name: words for name, words in found.groupdict().items() if words is not None}


class _Reader:
    """Writes a pattern as a regular expression: every word brings the space before it."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._space = True
        self._words = 0
        self._names: set[str] = set()

    def read(self) -> str:
        expression = self._sequence("")
        if self._at < len(self._pattern):
            raise SentenceError(f"`{self._pattern[self._at]}` closes nothing")
        if not self._words:
            raise SentenceError("it has no words")
        return expression

    def _sequence(self, end: str) -> str:
        """What stands up to a closing bracket, or to the end."""
        parts, before = [""], self._space
        while self._at < len(self._pattern) and self._pattern[self._at] not in "])":
            letter = self._pattern[self._at]
            if letter == "|" and end == ")":
                parts.append("")
                self._space, self._at = before, self._at + 1
            else:
                parts[-1] += self._piece(letter)
        return "|".join(parts)

    def _piece(self, letter: str) -> str:
        if letter.isspace():
            self._at, self._space = self._at + 1, True
            return ""
        if letter in "[(":
            return self._group("]" if letter == "[" else ")")
        if letter == "{":
            return self._gap() + self._capture()
        word = _WORD.match(self._pattern, self._at)
        if word is None:
            raise SentenceError(f"`{letter}` has no meaning here")
        self._at = word.end()
        return self._gap() + re.escape(word[0].strip(_PUNCTUATION) or word[0])

    def _group(self, end: str) -> str:
        self._at += 1
        inner = self._sequence(end)
        if self._pattern[self._at : self._at + 1] != end:
            raise SentenceError(f"a bracket is not closed with `{end}`")
        self._at += 1
        return f"(?:{inner})" + ("?" if end == "]" else "")

    def _capture(self) -> str:
        found = _CAPTURE.match(self._pattern, self._at)
        if found is None:
            raise SentenceError("a name in `{…}` has small letters, digits and `_`")
        if found[1] in self._names:
            raise SentenceError(f"`{{{found[1]}}}` stands in it twice")
        self._names.add(found[1])
        self._at = found.end()
        return f"(?P<{found[1]}>{_WORDS})"

    def _gap(self) -> str:
        self._words += 1
        space, self._space = self._space, False
        return " " if space else ""
