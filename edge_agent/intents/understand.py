"""What the network's outputs say of a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from edge_agent.intents.compose import NOTHING, Heard, Span
from edge_agent.intents.labels import CHANGES, DOMAINS, INTENTS, LANGUAGES
from edge_agent.intents.shape import CHANGE, DOMAIN, INTENT, LANGUAGE, MORE, TAGS

Array = np.ndarray[Any, np.dtype[Any]]
SURE = 0.5
"""Below this confidence a sentence is not understood."""
_WORDS = re.compile(r"\w", re.UNICODE)
_OUTSIDE = 0


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
        list(_spans(text, _by_character(places, tags))),
    )


def _by_character(places: Sequence[int], tags: Array) -> Array:
    """The likeliest tag of each character, from the sum over its bytes."""
    made = tags[: len(places)]
    if places and places[-1] + 1 < len(places):
        made = np.add.reduceat(made, np.flatnonzero(np.diff(places, prepend=-1)), axis=0)
    likeliest: Array = made.argmax(1)
    return likeliest


def _spans(text: str, tags: Array) -> Iterator[Span]:
    """Runs of one slot's tags; a B begins another one, an I without it is taken for one."""
    start, slot = 0, ""
    for index, tag in enumerate([*tags.tolist(), _OUTSIDE]):
        mark, _, name = TAGS[tag].partition("-")
        if name != slot or mark == "B":
            if slot and _WORDS.search(text, start, index):
                yield Span(slot, start, index)
            start, slot = index, name
