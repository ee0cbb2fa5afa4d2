"""What noise does to Chinese, where no spaces divide the words."""

import unicodedata
from random import Random

from edge_agent.intents.grammar import examples
from edge_agent.intents.grammar.noise import noisy
from edge_agent.intents.labels import Example
from edge_agent.intents.script import simplified


def words(example: Example) -> dict[str, str]:
    """The words of each slot in simplified characters, narrow, lower case and without spaces."""
    return {
        slot: unicodedata.normalize("NFKC", simplified(example.text[start:end]))
        .lower()
        .replace(" ", "")
        for slot, start, end in example.spans
    }


def test_noise_keeps_the_words_of_each_slot() -> None:
    random = Random(7)
    for example in examples("zh", 7, 4000):
        assert words(noisy(example, random)) == words(example)


def test_noise_mistakes_words_that_sound_alike() -> None:
    random = Random(7)
    heard = [noisy(each, random).text for each in examples("zh", 7, 4000) if each.domain == "light"]
    assert any("等" in text for text in heard)


def test_noise_writes_traditionally_now_and_then() -> None:
    random = Random(7)
    heard = [noisy(each, random).text for each in examples("zh", 7, 4000)]
    assert 0.01 < sum(text != simplified(text) for text in heard) / len(heard) < 0.2
