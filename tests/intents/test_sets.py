# ruff: noqa: T201 (the figures are for whoever trained it)
"""The model in the box on sentences written by hand; `pytest -s` prints the figures.

No sentence of the test sets is printed: who works on the grammar must not see them.
"""

from __future__ import annotations

import pytest

from edge_agent.intents.network import Network
from edge_agent.intents.shipped import shipped_library
from edge_agent.models.runtime.library import load_runtime
from schemas.intent import Understood
from tests.intents.scoring import Sentence, confused, scores, sentences

Pairs = list[tuple[Sentence, Understood]]
INTENT, SLOTS, ACTED = 0.92, 0.88, 0.03
"""The least share of right intents and of exact slots; the most of refusals acted upon."""
HARD = {"development-e": (0.91, 0.81), "development-f": (0.88, 0.74)}
"""The same of the hard development sets, which the network was not trained for: to be raised."""


@pytest.fixture(scope="module")
def network() -> Network:
    """The shipped network."""
    load_runtime()
    return Network(shipped_library("x86-64-v2"))


@pytest.fixture(scope="module")
def heard(network: Network) -> Pairs:
    """The sentences of the test sets, and what the network makes of them."""
    return [(each, network.understand(each.text)) for each in sentences("test-*.jsonl")]


def test_every_language_is_understood(heard: Pairs) -> None:
    for score in scores(heard):
        print(score)
        assert score.sentences >= 150, score
        assert score.intent >= INTENT, score
        assert score.slots >= SLOTS, score
        assert score.language_right >= 0.96, score


def test_what_asks_for_nothing_is_rarely_answered_with_an_action(
    heard: Pairs,
) -> None:
    idle = [got for wanted, got in heard if wanted.intent == "none"]
    acted = [got.intent for got in idle if got.intent != "none"]
    print(f"{len(acted)} of {len(idle)} sentences out of domain are answered with an action")
    assert len(idle) >= 100 and len(acted) <= ACTED * len(idle)


def test_where_it_goes_wrong_is_told_without_the_sentences(heard: Pairs) -> None:
    mistakes = confused(heard)
    print(*(f"{count:3} {what}" for what, count in mistakes.items()), sep="\n")
    assert sum(mistakes.values()) < len(heard)


def test_the_sentences_it_was_tuned_on_are_understood_too(network: Network) -> None:
    tuned = [(each, network.understand(each.text)) for each in sentences("development-a.jsonl")]
    for score in scores(tuned):
        print(score)
        assert score.intent >= INTENT and score.slots >= SLOTS, score


@pytest.mark.parametrize("name", HARD)
def test_harder_sentences_are_not_understood_worse_than_before(network: Network, name: str) -> None:
    intent, slots = HARD[name]
    hard = [(each, network.understand(each.text)) for each in sentences(f"{name}.jsonl")]
    for score in scores(hard):
        print(score)
        assert score.intent >= intent and score.slots >= slots, score
