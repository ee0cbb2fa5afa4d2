"""Changes to a sentence that keep its spans where they belong."""

from collections.abc import Sequence
from typing import NamedTuple

from edge_agent.intents.labels import Example


class Edit(NamedTuple):
    """Put `text` in the place of the characters from `start` to `end`."""

    start: int
    end: int
    text: str


def edited(example: Example, edits: Sequence[Edit]) -> Example:
    """The sentence with all edits made; they may not overlap.

    What is put in where a span begins stands before it, where it ends after it.
    """
    if not edits:
        return example
    edits = sorted(edits)
    parts, at = [], 0
    for edit in edits:
        parts += [example.text[at : edit.start], edit.text]
        at = edit.end
    text = "".join([*parts, example.text[at:]])
    spans = (
        (slot, _moved(start, edits), _moved(end, edits, at_end=True))
        for slot, start, end in example.spans
    )
    return example._replace(text=text, spans=tuple(spans))


def _moved(position: int, edits: Sequence[Edit], *, at_end: bool = False) -> int:
    moved = position
    for start, end, text in edits:
        inserted = start == end
        if end < position or (end == position and not (at_end and inserted)):
            moved += len(text) - (end - start)
        elif start < position < end:
            moved += min(len(text) - (position - start), 0)
    return moved


def free(example: Example, start: int, end: int) -> bool:
    """Whether no span covers any character between the two."""
    return all(end <= first or last <= start for _, first, last in example.spans)
