"""Numbers with or without a unit: percentages, temperatures, Kelvin."""

import re

from edge_agent.intents.values.speech import Speech, plain

FIGURES = r"\d+(?:[.,]\d+)*"
_NUMBER = re.compile(rf"(?P<minus>(?:-|−|–|\bminus\b)\s*)?(?P<figures>{FIGURES})")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:[.,]\d{3})+")
_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"[^\W\d_]+")
_FREEZING, _DEGREES = 32, 5 / 9  # °F: where 0 °C lies, and what one of them is in °C


def quantity(speech: Speech, text: str) -> float | int | None:
    """A percentage, a temperature in °C or a colour temperature in K."""
    said = plain(text)
    found, share = _number(speech, said), _share(speech, said)
    if share is not None and (said in speech.shares or found is None or abs(found) < 1):
        return whole(share)
    if found is None:
        return None
    return whole((found - _FREEZING) * _DEGREES if _fahrenheit(speech, said) else found)


def difference(speech: Speech, text: str) -> float | int | None:
    """A difference of percentages, degrees Celsius or Kelvin, without its sign."""
    said = plain(text)
    found, share = _number(speech, said), _share(speech, said)
    if found is None:
        return None if share is None else whole(share)
    return whole(abs(found * _DEGREES if _fahrenheit(speech, said) else found))


def number(figures: str) -> float:
    """A number in figures; a point or comma before three digits divides thousands."""
    if _THOUSANDS.fullmatch(figures):
        return float(re.sub("[.,]", "", figures))
    head, *tail = re.split("[.,]", figures)
    return float(f"{head}.{''.join(tail)}" if tail else head)


def whole(value: float) -> float | int:
    """A number without decimals that say nothing; two of them are enough for a home."""
    rounded = round(value, 2)
    return int(rounded) if rounded.is_integer() else rounded


def _number(speech: Speech, said: str) -> float | None:
    found = _NUMBER.search(speech.figures(said))
    if found is None:
        return None
    value = number(found["figures"])
    return -value if found["minus"] else value


def _share(speech: Speech, said: str) -> float | None:
    """A percentage that has a word of its own: the longest that stands in the text."""
    if _DIGIT.search(said):
        return None
    found = speech.share.search(said)
    return speech.shares[found[0]] if found else None


def _fahrenheit(speech: Speech, said: str) -> bool:
    units = {speech.units.get(word) for word in _WORD.findall(speech.figures(said))}
    return "fahrenheit" in units
