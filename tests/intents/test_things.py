"""Where something is done to a thing, one is looked for; none is made up."""

from __future__ import annotations

import numpy as np
import pytest

from edge_agent.intents.encoding import encode
from edge_agent.intents.labels import INTENTS
from edge_agent.intents.shape import INTENT, LABELS, TAGS
from edge_agent.intents.understand import heard

WORD = "brooklyn"
TEXT = f"turn on {WORD}"


def found(intent: str, **sure: float) -> list[str]:
    """The slots of `WORD` where the network finds each of some slots so likely; 3 is outside."""
    places = encode(TEXT).places
    labels = np.zeros(LABELS, np.float32)
    labels[INTENT.start + INTENTS.index(intent)] = 12
    tags = np.zeros((len(places), len(TAGS)), np.float32)
    tags[:, 0] = 3
    start = TEXT.index(WORD)
    for slot, chance in sure.items():
        tags[start:, TAGS.index(f"I-{slot}")] = chance
        tags[start, TAGS.index(f"B-{slot}")] = chance
    spans = heard(TEXT, places, labels, tags).spans
    return [f"{each.slot}={TEXT[each.start : each.end]}" for each in spans]


def test_a_word_that_just_misses_to_be_a_thing_is_the_thing() -> None:
    assert found("turn_on", device=2.9) == [f"device={WORD}"]


def test_a_title_is_no_thing() -> None:
    assert found("turn_on", device=2.9, query=3.5) == []


def test_what_is_surely_a_thing_stays_one() -> None:
    assert found("turn_on", device=6, query=5) == [f"device={WORD}"]


@pytest.mark.parametrize("intent", ["set_volume", "media_play"])
def test_other_intents_need_no_thing(intent: str) -> None:
    assert found(intent, device=2.9) == []
