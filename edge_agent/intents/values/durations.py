"""Lengths of time in seconds."""

import re

from edge_agent.intents.values.quantities import FIGURES, number
from edge_agent.intents.values.speech import Speech, plain
from edge_agent.intents.values.typos import closest

_LENGTHS = {"s": 1, "min": 60, "h": 3600, "day": 86400}
_CLOCK = re.compile(r"(?P<first>\d+):(?P<second>\d\d)(?::(?P<third>\d\d))?")
_PART = re.compile(rf"(?P<figures>{FIGURES})\s*(?P<unit>[^\W\d_]+|['′\"″])?")


def seconds(speech: Speech, text: str) -> int | None:
    """A duration: `90 minutes`, `1 h 30`, `1:30 h`, `2m30`, an hour and a half; None without one.

    A part without a unit is of the next smaller one (`2 h 30`); a lone number are minutes.
    """
    said = speech.figures(plain(text))
    clock = _CLOCK.search(said)
    return _by_clock(speech, said, clock) if clock else _by_parts(speech, said)


def spoken(speech: Speech, text: str) -> int | None:
    """The length of time that a sentence names: the first numbers that have a unit."""
    said = speech.figures(plain(text))
    parts = [part for part in _PART.finditer(said) if _unit(speech, part["unit"] or "")]
    if not parts:
        return None
    return _by_parts(speech, said[parts[0].start() : parts[-1].end()])


def _by_clock(speech: Speech, said: str, clock: re.Match[str]) -> int:
    first, second = int(clock["first"]), int(clock["second"])
    if clock["third"]:
        return first * 3600 + second * 60 + int(clock["third"])
    in_minutes = any(_unit(speech, word) == "min" for word in re.findall(r"[^\W\d_]+", said))
    return (first * 60 + second) * (1 if in_minutes else 60)


def _by_parts(speech: Speech, said: str) -> int | None:
    total, last, found = 0.0, "", False
    for part in _PART.finditer(said):
        unit = _unit(speech, part["unit"] or "") or _smaller(last)
        total += number(part["figures"]) * _LENGTHS[unit]
        last, found = unit, True
    return round(total) if found else None


def _unit(speech: Speech, word: str) -> str | None:
    name = speech.units.get(word) or speech.units.get(closest(word, speech.units) or "")
    return name if name in _LENGTHS else None


def _smaller(unit: str) -> str:
    return {"h": "min", "min": "s"}.get(unit, "min")
