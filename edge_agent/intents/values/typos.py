"""Words that are one typing mistake away."""

from collections.abc import Iterable

_SHORTEST = 5  # letters; shorter words have too many neighbours


def closest(word: str, words: Iterable[str]) -> str | None:
    """The one known word that a mistyped one may be; None where there is none, or several."""
    if len(word) < _SHORTEST:
        return None
    near = [each for each in words if len(each) >= _SHORTEST and one_slip(word, each)]
    return near[0] if len(near) == 1 else None


def one_slip(said: str, meant: str) -> bool:
    """Whether one letter is missing, added, another, or two neighbours are swapped.

    The first letter is rarely mistyped and must be right.
    """
    if said[:1] != meant[:1] or abs(len(said) - len(meant)) > 1:
        return False
    pairs = enumerate(zip(said, meant, strict=False))
    start = next((at for at, (a, b) in pairs if a != b), min(len(said), len(meant)))
    rest, other = said[start:], meant[start:]
    if len(said) != len(meant):
        return rest[1:] == other if len(said) > len(meant) else rest == other[1:]
    return rest[1:] == other[1:] or (rest[:2] == other[1::-1] and rest[2:] == other[2:])
