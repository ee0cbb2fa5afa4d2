"""Labelled sentences as arrays, in batches of about the same length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from edge_agent.intents.encoding import encode
from edge_agent.intents.labels import CHANGES, DOMAINS, INTENTS, LANGUAGES, Example
from edge_agent.intents.shape import TAGS
from edge_agent.intents.training.network import Array

_STEP = 8
_UNREADABLE = 0xFF  # a byte that UTF-8 never has stands for one that was not heard


class Batch(NamedTuple):
    """`ids` and `tags` are (sentences, bytes), the labels (sentences,); byte 0 is padding."""

    ids: Array
    tags: Array
    language: Array
    intent: Array
    domain: Array
    change: Array
    more: Array

    def part(self, rows: Array | slice) -> Batch:
        """Some of its sentences."""
        return Batch(*(each[rows] for each in self))


def batch(examples: Iterable[Example]) -> Batch:
    """All examples as one batch."""
    rows = [(each, *_tagged(each)) for each in examples]
    longest = max(len(ids) for _, ids, _ in rows)
    length = -(-max(longest, 1) // _STEP) * _STEP
    ids = np.zeros((len(rows), length), np.uint8)
    tags = np.zeros((len(rows), length), np.uint8)
    for row, (_, bytes_, marks) in enumerate(rows):
        ids[row, : len(bytes_)] = bytes_
        tags[row, : len(marks)] = marks
    return Batch(
        ids,
        tags,
        np.array([LANGUAGES.index(each.language) for each, _, _ in rows]),
        np.array([INTENTS.index(each.intent) for each, _, _ in rows]),
        np.array([DOMAINS.index(each.domain) for each, _, _ in rows]),
        np.array([CHANGES.index(each.change) for each, _, _ in rows]),
        np.array([each.more for each, _, _ in rows], np.float32),
    )


def by_length(examples: Sequence[Example], size: int, rng: np.random.Generator) -> list[Batch]:
    """The examples in shuffled batches, each of sentences of about one length."""
    order = list(rng.permutation(len(examples)))
    order.sort(key=lambda index: len(examples[index].text.encode()) // _STEP)
    chosen = [order[start : start + size] for start in range(0, len(order), size)]
    made = [batch(examples[index] for index in rows) for rows in chosen]
    return [made[index] for index in rng.permutation(len(made))]


def pieces(whole: Batch, size: int) -> Iterator[Batch]:
    """Its sentences, some at a time: as many as the processor's cache holds."""
    for start in range(0, len(whole.ids), size):
        yield whole.part(slice(start, start + size))


def unheard(ids: Array, share: float, rng: np.random.Generator) -> Array:
    """The same bytes with a share of them unreadable."""
    lost = (rng.random(ids.shape) < share) & (ids > 0)
    return np.where(lost, np.uint8(_UNREADABLE), ids)


def _tagged(example: Example) -> tuple[Array, Array]:
    ids, places = encode(example.text)
    marks = np.zeros(len(ids), np.uint8)
    at = np.array(places)
    for name, start, end in example.spans:
        inside = np.flatnonzero((at >= start) & (at < end))
        if len(inside):
            marks[inside] = TAGS.index(f"I-{name}")
            marks[inside[0]] = TAGS.index(f"B-{name}")
    return np.frombuffer(ids, np.uint8), marks
