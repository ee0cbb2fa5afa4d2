"""How well weights do on labelled sentences they have not seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct

from edge_agent.intents.labels import LANGUAGES, Example
from edge_agent.intents.shape import CHANGE, DOMAIN, INTENT, LANGUAGE, MORE
from edge_agent.intents.training.batches import Batch, batch, pieces
from edge_agent.intents.training.network import Array, Weights, forward


class Figures(Struct, frozen=True):
    """Shares of sentences of one language; `exact`: intent, labels and spans all right."""

    language: str
    intent: float
    spans: float
    exact: float
    told: float


def intents(weights: Weights, examples: Sequence[Example]) -> tuple[Array, Array]:
    """Intent logits and the true intents."""
    whole = batch(examples)
    logits = [forward(weights, each.ids)[0][:, INTENT] for each in pieces(whole, 64)]
    return np.concatenate(logits), whole.intent


def figures(weights: Weights, examples: Sequence[Example]) -> Iterator[Figures]:
    """The figures of each language."""
    for language in LANGUAGES:
        chosen = [each for each in examples if each.language == language]
        if chosen:
            right = [_right(weights, each) for each in pieces(batch(chosen), 64)]
            shares = np.concatenate(right).mean(0)
            yield Figures(language, *(round(float(each), 4) for each in shares))


def _right(weights: Weights, part: Batch) -> Array:
    """What is right of each sentence: intent, spans, everything, language."""
    labels, tags, _ = forward(weights, part.ids)
    asked = part.intent > 0
    intent = labels[:, INTENT].argmax(1) == part.intent
    spans = ((tags.argmax(-1) == part.tags) | (part.ids == 0)).all(1) | ~asked
    rest = (
        (labels[:, DOMAIN].argmax(1) == part.domain)
        & (labels[:, CHANGE].argmax(1) == part.change)
        & ((labels[:, MORE][:, 0] > 0) == (part.more > 0))
    )
    language = labels[:, LANGUAGE].argmax(1) == part.language
    return np.stack([intent, spans, intent & spans & (rest | ~asked), language], 1)
