"""How English says times of day."""

import re
from functools import cache

from edge_agent.intents.values.clocks import HALVES, Half, time_of_day
from edge_agent.intents.values.english_numbers import figures
from edge_agent.intents.values.speech import Speech, speech

_HALVES = {
    "morning": r"(?<![a-z])a ?\.? ?m\b|\b(?:in the |this )?mornings?\b|\bdawn\b",
    "noon": r"\bnoon\b|\bmidday\b|\blunch ?time\b",
    "afternoon": r"(?<![a-z])p ?\.? ?m\b|\bafternoons?\b",
    "evening": r"\bevenings?\b|\btonight\b|\bmidnight\b",
    "night": r"\bnights?\b",
}
_BESIDE = re.compile(
    r"(?P<minutes>\d+)(?: ?minutes?)? ?(?P<side>past|after|to|till?|until|before|of) (?P<hour>\d+)"
)
_HALF_SEVEN = re.compile(r"\bhalf ?(?:past |after )?(?=\w)")
_QUARTER = re.compile(r"\b(?:a |1 )?quarter\b")
_TWELVE = re.compile(r"(?:\b(?:12|twelve) )?\b(noon|midday|midnight)\b")
_DIGITS = re.compile(r"\b(?P<hour>\d\d?)(?P<minutes>\d\d)\b")
_HOUR = re.compile(r"(?P<hour>\d\d?)(?:\s*[:.h]\s*|\s+)?(?:(?:oh|o)\s+)?(?P<minutes>\d\d?)?(?!\d)")
_NUMBER = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|noon|midnight|\d\d?)"
_SEVERAL = re.compile(
    r"\b(?:half|(?:a )?quarter|five|ten|twenty(?:[ -]five)?|\d\d?)(?: minutes?)? "
    rf"(?:past|after|to|till?|before) {_NUMBER}\b(?: in the (?:morning|afternoon|evening)"
    r"| ?[ap]m\b)?",
    re.IGNORECASE,
)
_WITHIN = (
    r"\b(?:in|on|at) (?:the |my |our )?(?P<room>{room})\b(?! (?:room|door|window|light|lamp)s?\b)"
)
_BEFORE = {"to", "til", "till", "until", "before", "of"}


def clock(text: str) -> str | None:
    """A time of day in plain English: `half past seven in the evening`, `7:15 pm`, `noon`."""
    said = _QUARTER.sub("15", _HALF_SEVEN.sub("30 past ", text))
    said = figures(_TWELVE.sub(r"12 \1", said))
    half = _half(text)
    beside = _BESIDE.search(said)
    if beside:
        minutes = int(beside["minutes"])
        sign = -1 if beside["side"] in _BEFORE else 1
        return time_of_day(int(beside["hour"]), sign * minutes, half)
    found = _DIGITS.search(said) or _HOUR.search(said)
    return time_of_day(int(found["hour"]), int(found["minutes"] or 0), half) if found else None


def _half(text: str) -> Half | None:
    return next((HALVES[name] for name, said in _HALVES.items() if re.search(said, text)), None)


@cache
def english() -> Speech:
    """English, its words read once."""
    return speech("en", figures, clock=clock, within=_WITHIN, hours=_SEVERAL)
