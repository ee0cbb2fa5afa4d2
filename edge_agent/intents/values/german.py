"""How German says times of day, and the endings of its names."""

import re
from functools import cache

from edge_agent.intents.values.clocks import HALVES, Half, time_of_day
from edge_agent.intents.values.german_numbers import figures
from edge_agent.intents.values.speech import Speech, speech

_HALVES = {
    "evening": r"(?<!sonn)(?<!heilig)abends?\b|\bmitternachts?\b",
    "night": r"nachts?\b",
    "afternoon": r"nachmittags?\b",
    "morning": r"vormittags?\b|\bfr(?:ue|u)h|\bmorgens\b|\b(?:am|heute) morgen\b|tagmorgen\b",
    "noon": r"mittags?\b",
}
_QUARTERS = (
    (re.compile(r"\bvie?rtel (?=nach|vor)"), "15 "),
    (re.compile(r"\bdrei ?viertel (?=\w)"), "15 vor "),
    (re.compile(r"\bviertel (?=\w)"), "45 vor "),
    (re.compile(r"\bhalb(?:er)? (?=\w)"), "30 vor "),
    (re.compile(r"\b(nach|vor) (mitternacht|mittag)"), r"\1 12 \2"),
)
_BESIDE = re.compile(
    r"(?P<minutes>\d+)(?: minuten?)? (?P<side>nach|vor) (?P<half>30 vor )?(?P<hour>\d+)"
)
_NUMBER = r"(?:eins?|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|\d\d?)"
_SEVERAL = re.compile(
    r"\b(?:(?:fünf|zehn|zwanzig|viertel|\d\d?)(?: minuten)? (?:vor|nach) (?:halb |drei ?viertel )?"
    rf"|halb |drei ?viertel |viertel ){_NUMBER}\b(?: (?:in der früh|morgens|abends|nachmittags))?",
    re.IGNORECASE,
)
_WITHIN = r"\b(?:im|in der|in dem|auf dem|auf der|am) (?P<room>{room})\b"
_DIGITS = re.compile(r"\b(?P<hour>\d\d?)(?P<minutes>\d\d)\b")
_HOUR = re.compile(r"(?P<hour>\d\d?)\s*(?:[:.h]|uhr)?\s*(?:und )?(?P<minutes>\d\d?)?(?!\d)")
_NAMED = (("mitternacht", "00:00"), ("mittag", "12:00"))
_CASE = re.compile(
    r"(zimmer|keller|garten|flur|büro|balkon|boden|raum|bad|hof|schuppen|geschoss)(?:e?s|n)$"
)


def clock(text: str) -> str | None:
    """A time of day in plain German: `halb acht`, `fünf vor dreiviertel neun`, `19 Uhr 30`."""
    said = text
    for words, meant in _QUARTERS:
        said = words.sub(meant, said)
    said, half = figures(said), _half(text)
    beside = _BESIDE.search(said)
    if beside:
        minutes = int(beside["minutes"]) * (-1 if beside["side"] == "vor" else 1)
        return _before(int(beside["hour"]), minutes - (30 if beside["half"] else 0), half)
    found = _DIGITS.search(said) or _HOUR.search(said)
    if found:
        return time_of_day(int(found["hour"]), int(found["minutes"] or 0), half)
    return next((time for word, time in _NAMED if word in text), None)


def name(said: str) -> str:
    """A name without the ending of its case: `wohnzimmers` -> `wohnzimmer`."""
    return _CASE.sub(r"\1", said)


def _before(hour: int, minutes: int, half: Half | None) -> str | None:
    if hour == 1 and minutes < 0 and half is None:
        hour = 13  # half past twelve lies at noon
    return time_of_day(hour, minutes, half)


def _half(text: str) -> Half | None:
    return next((HALVES[name] for name, said in _HALVES.items() if re.search(said, text)), None)


@cache
def german() -> Speech:
    """German, its words read once."""
    return speech("de", figures, clock=clock, name=name, within=_WITHIN, hours=_SEVERAL)
