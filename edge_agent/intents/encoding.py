"""A sentence as the network reads it: bytes of its folded text, and where each came from."""

from typing import NamedTuple

MOST_BYTES = 256
_WIDE = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_SPACES = dict.fromkeys([*range(0x20), 0x7F, 0xA0, 0x3000], " ")
_FOLDED = {**_WIDE, **_SPACES}


class Encoded(NamedTuple):
    """`ids` are UTF-8 bytes, never 0; byte i is of the character `places[i]` of the text."""

    ids: bytes
    places: list[int]


def fold(text: str) -> str:
    """A text of the same length in lower case, wide characters narrow, control characters blank."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return lower.translate(_FOLDED)


def encode(text: str) -> Encoded:
    """What the network is given of a text: its first 256 bytes, only whole characters."""
    folded = fold(text[:MOST_BYTES])
    if folded.isascii():
        return Encoded(folded.encode(), list(range(len(folded))))
    pieces, places = [], list[int]()
    for index, character in enumerate(folded):
        piece = character.encode("utf-8", "replace")
        if len(places) + len(piece) > MOST_BYTES:
            break
        pieces.append(piece)
        places += [index] * len(piece)
    return Encoded(b"".join(pieces), places)
