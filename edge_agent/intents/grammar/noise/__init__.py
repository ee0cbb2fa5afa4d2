"""Sentences as people type them and microphones hear them."""

from collections.abc import Callable, Sequence
from random import Random

from edge_agent.intents.grammar.noise.hearing import (
    hesitating,
    misheard,
    no_apostrophes,
    unsigned,
)
from edge_agent.intents.grammar.noise.typing import (
    capital,
    ended,
    full_width,
    joined,
    lower,
    respelled,
    shouted,
    slip,
)
from edge_agent.intents.labels import Example

Noise = Callable[[Example, Random], Example]
_WAYS: Sequence[tuple[int, Sequence[tuple[Noise, float]]]] = (
    (20, ()),
    (30, ((capital, 0.9), (ended, 0.8), (full_width, 0.05))),
    (10, ((ended, 1.0),)),
    (14, ((lower, 0.8), (slip, 0.5), (no_apostrophes, 0.5), (respelled, 0.3))),
    (10, ((slip, 1.0), (slip, 0.3), (misheard, 0.2), (joined, 0.15), (capital, 0.3), (ended, 0.3))),
    (24, ((unsigned, 1.0), (misheard, 0.3), (hesitating, 0.3), (no_apostrophes, 0.5))),
    (3, ((respelled, 1.0), (full_width, 0.3), (slip, 0.2))),
    (1, ((shouted, 1.0), (ended, 0.5))),
)
"""Ways of writing: how often each is met, and what each does with which probability."""
_DRAWN = [steps for times, steps in _WAYS for _ in range(times)]


def noisy(example: Example, random: Random) -> Example:
    """The sentence in one of the ways in which sentences reach us; often nothing changes."""
    for noise, share in random.choice(_DRAWN):
        if random.random() < share:
            example = noise(example, random)
    return example
