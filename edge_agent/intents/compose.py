"""An intent and its slots put together from what was heard: labels of the sentence, and spans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from edge_agent.intents.labels import Span
from edge_agent.intents.mending import due, mended
from edge_agent.intents.values import read
from edge_agent.intents.values.reading import state_of, time_on
from schemas.intent import Understood

NOTHING = "none"
_CHANGED = frozenset({
    "set_brightness", "set_color_temp", "set_position", "set_temperature", "set_volume",
})  # fmt: skip
_SIGNS = {"up": 1, "down": -1}


class Heard(NamedTuple):
    """What was heard of a sentence; `domain` and `change` are "" where it says none."""

    language: str
    intent: str
    confidence: float
    domain: str = ""
    change: str = ""
    more: bool = False
    spans: Sequence[Span] = ()


def compose(text: str, heard: Heard) -> Understood:
    """The intent with its slots' values; words that mean no value fill no slot."""
    if heard.intent == NOTHING:
        return Understood(NOTHING, heard.confidence, {}, heard.language)
    spans = mended(text, heard.intent, heard.spans, heard.language)
    said = {span.slot: text[span.start : span.end] for span in reversed(spans)}
    changed = heard.change if heard.intent in _CHANGED else ""
    slots: dict[str, str | int | float] = {"domain": heard.domain} if heard.domain else {}
    for slot, words in said.items():
        if changed and slot == "value":
            continue
        if (value := read(slot, words, heard.language)) is not None:
            slots[slot] = value
    slots |= _together(said, heard)
    slots |= due(text, heard.intent, slots, heard.language)
    if changed:
        slots["change"] = _change(changed, said.get("value"), heard.language)
    return Understood(heard.intent, heard.confidence, slots, heard.language, heard.more)


def _together(said: Mapping[str, str], heard: Heard) -> Mapping[str, str | int | float]:
    """What two slots say together: a day tells the half of it, a thing what `on` means of it."""
    day, thing = said.get("day", ""), said.get("device") or heard.domain
    found = {
        "time": time_on(day, said["time"], heard.language) if "time" in said else None,
        "state": state_of(thing, said["state"], heard.language) if "state" in said else None,
    }
    return {slot: value for slot, value in found.items() if value is not None}


def _change(direction: str, words: str | None, language: str) -> str | int | float:
    """A signed number where one is said, else the direction."""
    amount = None if words is None else read("change", words, language)
    return _SIGNS[direction] * amount if isinstance(amount, int | float) and amount else direction
