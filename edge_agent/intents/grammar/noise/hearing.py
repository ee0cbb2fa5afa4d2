"""What microphones do to a sentence: no signs, words that sound alike, sounds between words."""

import re
from random import Random

from edge_agent.intents.grammar.noise.edits import Edit, edited, free
from edge_agent.intents.grammar.noise.habits import habits
from edge_agent.intents.grammar.noise.typing import lower
from edge_agent.intents.labels import Example

_SIGN = re.compile(
    r"(?<!\d)[.,:;!?](?!\d)|(?<=\d)[,;!?.，！？；](?!\d)|(?<!\d)[，！？：；]|[\"“”„«»。、「」…]"
)
_APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")
_WORD = re.compile(r"[^\W\d_]+")


def unsigned(example: Example, random: Random) -> Example:
    """Without punctuation and in lower case; signs within numbers stay."""
    instead = "" if habits(example.language).spaced else random.choice(["", " "])
    found = _SIGN.finditer(example.text)
    plain = edited(example, [Edit(*sign.span(), instead) for sign in found])
    return lower(plain, random)


def no_apostrophes(example: Example, random: Random) -> Example:
    """`whats`, `dont`, `annas`."""
    found = _APOSTROPHE.finditer(example.text)
    return edited(example, [Edit(*sign.span(), "") for sign in found])


def misheard(example: Example, random: Random) -> Example:
    """One word that sounds like another; never one that fills a slot."""
    heard = habits(example.language).heard
    found = [place for place in _heard(example) if free(example, *place)]
    if not found:
        return example
    start, end = random.choice(found)
    words = heard[example.text[start:end].lower()]
    return edited(example, [Edit(start, end, random.choice(words))])


def hesitating(example: Example, random: Random) -> Example:
    """A sound of thinking at the beginning or between words, never within a slot."""
    filler = random.choice(habits(example.language).fillers)
    if not habits(example.language).spaced:
        pauses = [sign.end() for sign in _SIGN.finditer(example.text)]
        at = random.choice([0, *(each for each in pauses if free(example, each - 1, each))])
        return edited(example, [Edit(at, at, filler)])
    spaces = [at for at, sign in enumerate(example.text) if sign == " "]
    places = [at + 1 for at in spaces if free(example, at, at + 1)]
    at = random.choice([0, *places])
    return edited(example, [Edit(at, at, f"{filler} ")])


def _heard(example: Example) -> list[tuple[int, int]]:
    """Where words stand that may be misheard; anywhere, in a language without spaces."""
    language = habits(example.language)
    if language.spaced:
        words = (word.span() for word in _WORD.finditer(example.text))
        return [
            (start, end)
            for start, end in words
            if example.text[start:end].lower() in language.heard
        ]
    return [
        (place.start(), place.end())
        for word in language.heard
        for place in re.finditer(re.escape(word), example.text)
    ]
