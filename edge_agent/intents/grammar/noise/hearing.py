"""What microphones do to a sentence: no signs, words that sound alike, sounds between words."""

import re
from random import Random

from edge_agent.intents.grammar.noise.edits import Edit, edited, free
from edge_agent.intents.grammar.noise.habits import habits
from edge_agent.intents.grammar.noise.typing import lower
from edge_agent.intents.labels import Example

_SIGN = re.compile(r"(?<!\d)[.,:;!?](?!\d)|(?<=\d)[,;!?.](?!\d)|[\"“”„«»,。!?、;:「」…]")
_APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")
_WORD = re.compile(r"[^\W\d_]+")


def unsigned(example: Example, random: Random) -> Example:
    """Without punctuation and in lower case; signs within numbers stay."""
    found = _SIGN.finditer(example.text)
    plain = edited(example, [Edit(*sign.span(), "") for sign in found])
    return lower(plain, random)


def no_apostrophes(example: Example, random: Random) -> Example:
    """`whats`, `dont`, `annas`."""
    found = _APOSTROPHE.finditer(example.text)
    return edited(example, [Edit(*sign.span(), "") for sign in found])


def misheard(example: Example, random: Random) -> Example:
    """One word that sounds like another; never one that fills a slot."""
    heard = habits(example.language).heard
    found = [
        (*word.span(), heard[word[0].lower()])
        for word in _WORD.finditer(example.text)
        if word[0].lower() in heard and free(example, *word.span())
    ]
    if not found:
        return example
    start, end, words = random.choice(found)
    return edited(example, [Edit(start, end, random.choice(words))])


def hesitating(example: Example, random: Random) -> Example:
    """A sound of thinking at the beginning or between words, never within a slot."""
    filler = random.choice(habits(example.language).fillers)
    if not habits(example.language).spaced:
        return edited(example, [Edit(0, 0, filler)])
    spaces = [at for at, sign in enumerate(example.text) if sign == " "]
    places = [at + 1 for at in spaces if free(example, at, at + 1)]
    at = random.choice([0, *places])
    return edited(example, [Edit(at, at, f"{filler} ")])
