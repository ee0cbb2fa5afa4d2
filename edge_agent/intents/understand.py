"""What the network's outputs say of a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edge_agent.intents.compose import NOTHING, Heard
from edge_agent.intents.labels import CHANGES, DOMAINS, INTENTS, LANGUAGES, SLOTS, SPANS, Span
from edge_agent.intents.shape import CHANGE, DOMAIN, INTENT, LANGUAGE, MORE
from edge_agent.intents.spans import likeliest

Array = np.ndarray[Any, np.dtype[Any]]
SURE = 0.75
"""Below this confidence a sentence is not understood."""
OF_A_THING = frozenset({
    "turn_on", "turn_off", "toggle", "open", "close", "set_position", "lock", "unlock", "start",
    "query_state",
})  # fmt: skip
"""What is done to a thing: a sentence that names none was misread."""

_THING = frozenset({"device", "area"})
_WANTED = 3.0
"""How much likelier (in logits) a word is to name a thing that must be there."""


def heard(
    text: str, places: Sequence[int], labels: Array, tags: Array, *, language: str = ""
) -> Heard:
    """The likeliest labels and spans.

    `labels` are the sentence's logits, `tags` those of its bytes (bytes, tags); byte i is of the
    character `places[i]`. `language` is the one that is known, if any.
    """
    chances = np.exp(labels[INTENT] - labels[INTENT].max())
    best = int(chances.argmax())
    confidence = round(float(chances[best] / chances.sum()), 4)
    found = language or LANGUAGES[int(labels[LANGUAGE].argmax())]
    if INTENTS[best] == NOTHING or confidence < SURE:
        return Heard(found, NOTHING, confidence)
    domain = DOMAINS[int(labels[DOMAIN].argmax())]
    return Heard(
        found,
        INTENTS[best],
        confidence,
        domain,
        CHANGES[int(labels[CHANGE].argmax())],
        bool(labels[MORE] > 0),
        _spans(text, places, tags, INTENTS[best], domain=domain),
    )


def _spans(
    text: str, places: Sequence[int], tags: Array, intent: str, *, domain: str
) -> list[Span]:
    """The likeliest spans; with a thing among them where something is done to one.

    Words that are rather a title, a day or another slot that the intent does not have name none.
    """
    spans = likeliest(text, places, tags, SLOTS[intent])
    if domain or intent not in OF_A_THING or any(each.slot in _THING for each in spans):
        return spans
    wanted = likeliest(text, places, tags, SLOTS[intent], thing=_WANTED)
    others = [
        each for each in likeliest(text, places, tags, SPANS) if each.slot not in SLOTS[intent]
    ]
    return [
        each for each in wanted if each.slot != "device" or not any(_meet(each, o) for o in others)
    ]


def _meet(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end
