"""What the network's outputs say of a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edge_agent.intents.compose import NOTHING, Heard
from edge_agent.intents.labels import CHANGES, DOMAINS, INTENTS, LANGUAGES, SLOTS
from edge_agent.intents.shape import CHANGE, DOMAIN, INTENT, LANGUAGE, MORE
from edge_agent.intents.spans import likeliest

Array = np.ndarray[Any, np.dtype[Any]]
SURE = 0.7
"""Below this confidence a sentence is not understood."""


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
    return Heard(
        found,
        INTENTS[best],
        confidence,
        DOMAINS[int(labels[DOMAIN].argmax())],
        CHANGES[int(labels[CHANGE].argmax())],
        bool(labels[MORE] > 0),
        likeliest(text, places, tags, SLOTS[INTENTS[best]]),
    )
