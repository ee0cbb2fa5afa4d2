"""What fingers do to a sentence: slips of keys, missing spaces, other spellings and cases."""

import re
from random import Random

from edge_agent.intents.grammar.noise.edits import Edit, edited, free
from edge_agent.intents.grammar.noise.habits import habits
from edge_agent.intents.labels import Example
from edge_agent.intents.script import traditional

_WORD = re.compile(r"[^\W\d_]{4,}")
_STUTTERS = 0.3
_FULL_WIDTH = {ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)}


def slip(example: Example, random: Random) -> Example:
    """One letter of a longer word is missing, doubled, another, or swapped with the next.

    Where words are not divided, a character outside of the slots is doubled, and seldom: what is
    written by sound has other slips.
    """
    if not habits(example.language).spaced:
        return _doubled(example, random) if random.random() < _STUTTERS else example
    words = [*_WORD.finditer(example.text)]
    if not words:
        return example
    word = random.choice(words)
    at = random.randrange(word.start() + 1, word.end() - 1)
    text = example.text
    edits = {
        "drop": Edit(at, at + 1, ""),
        "double": Edit(at, at, text[at]),
        "swap": Edit(at, at + 2, text[at + 1] + text[at]),
        "near": Edit(at, at + 1, _near(text[at], example.language, random)),
    }
    return edited(example, [random.choice([*edits.values()])])


def joined(example: Example, random: Random) -> Example:
    """One space is missing."""
    spaces = [at for at, sign in enumerate(example.text) if sign == " "]
    if not spaces:
        return example
    at = random.choice(spaces)
    return edited(example, [Edit(at, at + 1, "")])


def respelled(example: Example, random: Random) -> Example:
    """Letters that some write in another way: ae for ä, 燈 for 灯; all of them."""
    if example.language == "zh":
        return example._replace(text=traditional(example.text))
    spelled = habits(example.language).spelled
    found = [(at, sign) for at, sign in enumerate(example.text) if sign in spelled]
    return edited(example, [Edit(at, at + 1, spelled[sign]) for at, sign in found])


def full_width(example: Example, random: Random) -> Example:
    """Digits as wide as characters."""
    return example._replace(text=example.text.translate(_FULL_WIDTH))


def lower(example: Example, random: Random) -> Example:
    """Everything in lower case."""
    return example._replace(text=example.text.lower())


def capital(example: Example, random: Random) -> Example:
    """A capital at the beginning."""
    return example._replace(text=example.text[:1].upper() + example.text[1:])


def shouted(example: Example, random: Random) -> Example:
    """Everything in capitals; ß has none."""
    upper = "".join(sign.upper() if len(sign.upper()) == 1 else sign for sign in example.text)
    return example._replace(text=upper)


def ended(example: Example, random: Random) -> Example:
    """A sign at the end."""
    end = random.choice(habits(example.language).ends)
    return example if example.text[-1:] in ".!?。" else example._replace(text=example.text + end)


def _near(letter: str, language: str, random: Random) -> str:
    for row in habits(language).keys:
        at = row.find(letter.lower())
        if at >= 0:
            return random.choice(row[max(at - 1, 0) : at] + row[at + 1 : at + 2])
    return letter


def _doubled(example: Example, random: Random) -> Example:
    places = [at for at in range(len(example.text)) if free(example, at, at + 1)]
    if not places:
        return example
    at = random.choice(places)
    return edited(example, [Edit(at, at, example.text[at])])
