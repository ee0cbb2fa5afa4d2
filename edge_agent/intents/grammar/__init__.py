"""The grammar of what people say to their home: labelled sentences, as many as one wants."""

from collections.abc import Iterator
from random import Random

from edge_agent.intents.grammar.language import grammar
from edge_agent.intents.labels import Example


def examples(language: str, seed: int, count: int) -> Iterator[Example]:
    """Labelled sentences of a language, clean as the grammar says them; the same for a seed.

    Raises:
        ValueError: a file of the grammar is wrong; the text says where.
    """
    said, random = grammar(language), Random(f"{language} {seed}")
    for _ in range(count):
        yield said.example(random)
