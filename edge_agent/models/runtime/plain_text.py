"""Prompts as tokens: special tokens count where the template has them, elsewhere they are text.

`<|im_end|>` in a message would end its turn and begin one of the writer's own. The whole prompt is
encoded at once, as the model was trained; only where a special token came out of somebody's words
the text is cut behind the token's first character, so that none is left to be recognised.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from edge_agent.models.runtime.conversation import Piece
from edge_agent.models.runtime.text import Tokens

Span = tuple[int, int]


def encoded(tokens: Tokens, pieces: Sequence[Piece]) -> list[int]:
    """The ids of a prompt."""
    text, own = "".join(piece.text for piece in pieces), _own(pieces)
    ids: list[int] = []
    waiting = [(0, len(text))]
    while waiting:
        begin, end = waiting.pop()
        found, places = tokens.read(text[begin:end])
        special = [(begin + s, begin + e) for s, e in places]
        cuts = [s + 1 for s, e in special if e - s > 1 and not _inside((s, e), own)]
        if cuts:
            waiting += reversed([*pairwise([begin, *cuts, end])])
        else:
            ids += found
    return ids


def _own(pieces: Sequence[Piece]) -> list[Span]:
    """Where the template's own text stands; neighbours are one span."""
    spans: list[Span] = []
    at = 0
    for piece in pieces:
        end = at + len(piece.text)
        if piece.own and spans and spans[-1][1] == at:
            spans[-1] = spans[-1][0], end
        elif piece.own:
            spans.append((at, end))
        at = end
    return spans


def _inside(span: Span, spans: Sequence[Span]) -> bool:
    return any(begin <= span[0] and span[1] <= end for begin, end in spans)
