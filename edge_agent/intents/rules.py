"""Sentences understood by rules, without any model: a small part of what people say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from msgspec import Struct, field

from edge_agent.intents.compose import NOTHING, Heard, compose
from edge_agent.intents.encoding import fold
from edge_agent.intents.labels import CHANGES, LANGUAGES, SPANS, Span
from edge_agent.intents.values import read
from pipelines.decode import decode
from pipelines.source import Reader
from schemas.intent import Understood
from schemas.problem import Position

_FILE = Path(__file__).with_name("rules.yaml")
_MATCHED, _UNMATCHED = 0.8, 0.5  # how sure a rule is, and that no rule fits
_LONGEST = 200  # characters; what is longer is no plain command
_NAMED = 4  # spaces in the words for a thing and its area; more of them are another sentence
_BETWEEN, _ENDS = r"[\s,.!?，。！？]*", r"[,;.!?]+(?=\s|$)|[，。；！？]"


class Words(Struct, frozen=True, forbid_unknown_fields=True):
    """The rules of a language, as `rules.yaml` explains them."""

    common: str
    polite: str
    refused: str
    and_: str = field(name="and")
    splits: str
    areas: list[str]
    classes: dict[str, list[str]]
    intents: dict[str, str]


class Everything(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    en: Words
    de: Words
    zh: Words


class Rules:
    """One language."""

    def __init__(self, language: str, words: Words) -> None:
        self._language = language
        self._common = re.compile(words.common)
        self._refused = re.compile(words.refused.strip())
        self._ends = re.compile(f"{_ENDS}|{words.and_.strip()}")
        polite = rf"(?:{_BETWEEN}(?:{words.polite})(?![a-zäöüß])[\s]*)*{_BETWEEN}"
        self._intents = [
            (intent, re.compile(f"{polite}{each}{polite}"))
            for intent, patterns in words.intents.items()
            for each in patterns.splitlines()
        ]
        areas = "|".join(sorted(words.areas, key=len, reverse=True))
        splits = words.splits.replace("{areas}", areas).splitlines()
        self._splits = [re.compile(each) for each in splits]
        self._domains = {word: name for name, said in words.classes.items() for word in said}

    def likeness(self, said: str) -> int:
        """How many words of the text are of this language."""
        return len(self._common.findall(said))

    def heard(self, said: str) -> Heard:
        """What a folded text asks for: the first clause that a rule fits."""
        clauses = () if self._refused.search(said) else self._clauses(said)
        found = [each for place in clauses if (each := self._clause(said, *place))]
        if not found:
            return Heard(self._language, NOTHING, _UNMATCHED)
        return found[0]._replace(more=len(found) > 1)

    def _clauses(self, said: str) -> Iterator[tuple[int, int]]:
        start = 0
        for mark in self._ends.finditer(said):
            yield start, mark.start()
            start = mark.end()
        yield start, len(said)

    def _clause(self, said: str, start: int, end: int) -> Heard | None:
        for intent, pattern in self._intents:
            if found := pattern.fullmatch(said, start, end):
                named = (found.groupdict().get(name) or "" for name in ("what", "where"))
                if max(each.strip().count(" ") for each in named) <= _NAMED:
                    return self._matched(intent, found)
        return None

    def _matched(self, intent: str, found: re.Match[str]) -> Heard:
        places = {name: found.span(name) for name, text in found.groupdict().items() if text}
        spans = [Span(name, *place) for name, place in places.items() if name in SPANS]
        domains = [name[3:] for name in places if name.startswith("of_")]
        for place in (places[name] for name in ("what", "where") if name in places):
            for slot, part in self._parts(found.string, *place):
                if domain := self._domain(slot, found.string[slice(*part)]):
                    domains.append(domain)
                else:
                    spans.append(Span(slot, *part))
        change = next((name for name in CHANGES if name in places), "")
        domain = next(iter(domains), "")
        return Heard(self._language, intent, _MATCHED, domain, change, spans=spans)

    def _domain(self, slot: str, words: str) -> str:
        """The domain that a class word means; other words for a thing are its name."""
        if slot != "device":
            return ""
        return self._domains.get(str(read(slot, words, self._language)), "")

    def _parts(self, said: str, start: int, end: int) -> Iterator[tuple[str, tuple[int, int]]]:
        """A device and its area; the device alone where no area is said."""
        for pattern in self._splits:
            if found := pattern.fullmatch(said, start, end):
                yield from ((name, found.span(name)) for name in found.groupdict())
                return
        yield "device", (start, end)


def understand(text: str, language: str = "") -> Understood:
    """What a sentence asks of the home, in the likeliest language unless it is known."""
    said, rules = fold(text), _all_rules()
    best = language or max(LANGUAGES, key=lambda each: rules[each].likeness(said))
    if len(text) > _LONGEST:
        return Understood(NOTHING, _UNMATCHED, {}, best)
    return compose(text, rules[best].heard(said))


@cache
def _all_rules() -> dict[str, Rules]:
    reader = Reader(_FILE.parent)
    found, problems = decode(reader.load(_FILE), Everything, Position(_FILE.name, 1, 1), "rules")
    if found is None or reader.problems or problems:
        wrong = (f"{each.at}: {each.text}" for each in [*reader.problems, *problems])
        raise ValueError("; ".join(wrong))
    return {language: Rules(language, getattr(found, language)) for language in LANGUAGES}
