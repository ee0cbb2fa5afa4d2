"""The likeliest spans of a sentence from what the network says of each byte.

Tags are decided by the word, not by the byte: a span begins and ends where a word does, or a
figure, a sign, or a Chinese character. Of all ways to cover the words with spans the likeliest is
taken (Viterbi), and of several spans of one slot the surest.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from edge_agent.intents.labels import SPANS, Span

Array = np.ndarray[Any, np.dtype[Any]]
_WORDS = re.compile(
    r"[⺀-鿿豈-﫿]"  # a Chinese character
    r"|[^\W\d_⺀-鿿豈-﫿]+?(?=timer\b)"  # what a German timer is for
    r"|[^\W\d_⺀-鿿豈-﫿]+(?:['’][^\W\d_]+)*"
    r"|\d+|[^\w\s]",
    re.IGNORECASE,
)
_NEVER = -1e9
_NAMED = re.compile(r"\w")


def likeliest(
    text: str,
    places: Sequence[int],
    tags: Array,
    slots: Collection[str],
    *,
    thing: float = 0.0,
) -> list[Span]:
    """The spans of a text, of some slots only; by `thing` one is likelier to begin a device.

    `tags` are the logits of bytes (bytes, tags), in the order of `shape.TAGS`; byte i is of the
    character `places[i]` of the text.
    """
    words = [word.span() for word in _WORDS.finditer(text, 0, places[-1] + 1 if places else 0)]
    if not words:
        return []
    outside, begun, continued = _chances(words, places, tags, slots)
    begun[:, SPANS.index("device")] += thing
    path = _path(outside, begun, continued)
    return _surest(text, words, path, begun - outside[:, None])


def _chances(
    words: Sequence[tuple[int, int]], places: Sequence[int], tags: Array, slots: Collection[str]
) -> tuple[Array, Array, Array]:
    """Of each word the log chance to be outside, to begin a span, to continue one, by slot."""
    logs = tags[: len(places), : 1 + 2 * len(SPANS)]
    logs = logs - logs.max(1, keepdims=True)
    logs -= np.log(np.exp(logs).sum(1, keepdims=True))
    first = np.searchsorted(places, [start for start, _ in words])
    after = np.searchsorted(places, [end for _, end in words])
    either = np.logaddexp(logs[:, 1::2], logs[:, 2::2])
    summed = np.zeros((len(places) + 1, 1 + len(SPANS)))
    np.cumsum(np.column_stack([logs[:, :1], either]), axis=0, out=summed[1:])
    whole = summed[after] - summed[first]
    rest = whole[:, 1:] - either[first]
    rest[:, [slot not in slots for slot in SPANS]] = _NEVER
    return whole[:, 0], rest + logs[first, 1::2], rest + logs[first, 2::2]


def _path(outside: Array, begun: Array, continued: Array) -> list[tuple[int, bool]]:
    """The slot of each word (-1: none), and whether a span begins with it."""
    stayed, chosen = [], []
    best, inside, last = 0.0, np.full(len(SPANS), _NEVER), -1
    for word in range(len(outside)):
        fresh, on = best + begun[word], inside + continued[word]
        stay = on > fresh
        inside = np.where(stay, on, fresh)
        top = int(inside.argmax())
        free = best + outside[word]
        last, best = (top, float(inside[top])) if inside[top] > free else (-1, free)
        stayed.append(stay)
        chosen.append(last)
    path = []
    slot = chosen[-1]
    for word in range(len(outside) - 1, -1, -1):
        begins = slot >= 0 and not stayed[word][slot]
        path.append((slot, begins))
        if slot < 0 or begins:
            slot = chosen[word - 1]
    return path[::-1]


def _surest(
    text: str,
    words: Sequence[tuple[int, int]],
    path: Sequence[tuple[int, bool]],
    lead: Array,
) -> list[Span]:
    """The spans of a path in their order; of several of one slot the one that leads most."""
    found: list[tuple[float, Span]] = []
    for number, ((start, end), (slot, begins)) in enumerate(zip(words, path, strict=True)):
        if slot < 0:
            continue
        if begins:
            found.append((float(lead[number, slot]), Span(SPANS[slot], start, end)))
        else:
            sure, span = found[-1]
            found[-1] = sure, span._replace(end=end)
    named = [each for each in found if _NAMED.search(text, each[1].start, each[1].end)]
    best = {span.slot: span for _, span in sorted(named, key=lambda each: each[0])}
    return sorted(best.values(), key=lambda span: span.start)
