"""English numbers in words, as figures."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from edge_agent.intents.values.typos import closest

_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_NUMBERS = {
    **{word: value for value, word in enumerate(_SMALL)},
    **{word: value for value, word in zip(range(20, 100, 10), _TENS, strict=True)},
    "dozen": 12, "fourty": 40,
}  # fmt: skip
_POWERS = {"hundred": 100, "thousand": 1000}
_PARTS = {"half": 0.5, "halves": 0.5, "quarter": 0.25, "third": 1 / 3}
_PARTS |= {"quarters": 0.25, "thirds": 1 / 3, "fourth": 0.25, "fourths": 0.25}
_KNOWN = _NUMBERS.keys() | _POWERS.keys() | _PARTS.keys()
_ONE = {"a", "an"}
_UNITS = {"hour", "minute", "second", "day", "degree", "min", "hr", "sec", "percent", "couple"}
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+(?:[.,:]\d+)*|[^\sa-z\d]")
_HYPHEN = re.compile(r"(?<=[a-z])-(?=[a-z])")


class _Found(NamedTuple):
    """A number among words: what it is, and where the words go on."""

    value: float
    end: int


def figures(text: str) -> str:
    """The text with its numbers in figures: `one and a half hours` is `1.5 hours`."""
    words = [_spelled(word) for word in _WORD.findall(_HYPHEN.sub(" ", text))]
    said: list[str] = []
    at = 0
    while at < len(words):
        found = _number(words, at) or _lone(words, at)
        if found is None:
            said.append(words[at])
            at += 1
            continue
        if words[at] == "and" and len(said) > 1 and said[-2][0].isdigit():  # an hour and a half
            said[-2] = f"{float(said[-2]) + found.value:.10g}"
        else:
            said.append(f"{found.value:.10g}")
        at = found.end
    return " ".join(said)


def _spelled(word: str) -> str:
    return word if word in _KNOWN else closest(word, _KNOWN) or word


def _number(words: Sequence[str], at: int) -> _Found | None:
    found = _cardinal(words, at)
    if found is None:
        return _part(words, at)
    value, end = found
    if end < len(words) and words[end] in _PARTS and value < len(_SMALL):  # three quarters
        return _Found(value * _PARTS[words[end]], _past_of(words, end + 1))
    if words[end : end + 1] == ["point"] and (decimals := _decimals(words, end + 1)):
        return decimals._replace(value=value + decimals.value)
    added = _and_part(words, end)
    return added._replace(value=value + added.value) if added else found


def _lone(words: Sequence[str], at: int) -> _Found | None:
    """`a` minute; the half of `an hour and a half`."""
    if words[at] in _ONE and at + 1 < len(words) and words[at + 1] in _UNITS:
        if words[at + 1] != "couple":
            return _Found(1, at + 1)
        return _Found(2, at + 3 if words[at + 2 : at + 3] == ["of"] else at + 2)
    unit_before = at > 0 and words[at - 1].rstrip("s") in _UNITS
    return _and_part(words, at) if unit_before else None


def _cardinal(words: Sequence[str], at: int) -> _Found | None:
    """A whole number in words, or what stands in figures."""
    if words[at][0].isdigit():
        return _figures_with_power(words, at)
    if words[at] in _ONE and at + 1 < len(words) and words[at + 1] in _POWERS:
        at += 1
    total, current, start = 0, 0, at
    while at < len(words):
        word = words[at]
        if word in _NUMBERS and (at == start or _goes_on(current, _NUMBERS[word])):
            current += _NUMBERS[word]
        elif word == "hundred" and current < 100:
            current = 100 * (current or 1)
        elif word == "thousand" and not total:
            total, current = 1000 * (current or 1), 0
        elif not _joins(words, at, total + current):
            break
        at += 1
    return _Found(total + current, at) if at > start else None


def _figures_with_power(words: Sequence[str], at: int) -> _Found | None:
    power = _POWERS.get(words[at + 1]) if at + 1 < len(words) else None
    if ":" in words[at] or (power is None and not _and_part(words, at + 1)):
        return None  # already in figures
    value = float(words[at].replace(",", "."))
    return _Found(value * power, at + 2) if power else _Found(value, at + 1)


def _goes_on(current: int, value: int) -> bool:
    """Whether `value` continues the number: twenty | one, hundred | five; not seven | thirty."""
    if current % 100 == 0:
        return current > 0 or value > 0
    return current % 10 == 0 and current % 100 >= 20 and 0 < value < 10


def _joins(words: Sequence[str], at: int, current: int) -> bool:
    """Whether an `and` stands within a number: a hundred and five."""
    follows = words[at + 1] if at + 1 < len(words) else ""
    return words[at] == "and" and current >= 100 and current % 100 == 0 and follows in _NUMBERS


def _decimals(words: Sequence[str], at: int) -> _Found | None:
    digits, start = "", at
    while at < len(words) and (words[at].isdigit() or _NUMBERS.get(words[at], 10) < 10):
        digits += words[at] if words[at].isdigit() else str(_NUMBERS[words[at]])
        at += 1
    return _Found(float(f"0.{digits}"), at) if at > start else None


def _and_part(words: Sequence[str], at: int) -> _Found | None:
    """`and a half`, `and three quarters`."""
    if at + 1 >= len(words) or words[at] != "and":
        return None
    counted = _NUMBERS.get(words[at + 1], 0)
    if counted and words[at + 2 : at + 3] and words[at + 2] in _PARTS:
        return _Found(counted * _PARTS[words[at + 2]], at + 3)
    return _part(words, at + 1)


def _part(words: Sequence[str], at: int) -> _Found | None:
    """`half an`, `a quarter of an`, `a half`."""
    if words[at] in _ONE and at + 1 < len(words):
        at += 1
    if words[at] not in _PARTS:
        return None
    return _Found(_PARTS[words[at]], _past_of(words, at + 1))


def _past_of(words: Sequence[str], at: int) -> int:
    """Past `of an`, which says nothing about the number."""
    if words[at : at + 1] == ["of"]:
        at += 1
    return at + 1 if words[at : at + 1] and words[at] in _ONE else at
