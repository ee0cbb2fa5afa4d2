"""The Chinese grammar: its labels are right whatever it says, and noise keeps them so."""

import re
import unicodedata
from collections import Counter
from random import Random

import pytest

from edge_agent.intents.grammar import examples
from edge_agent.intents.grammar.noise import noisy
from edge_agent.intents.labels import INTENTS, Example
from edge_agent.intents.script import simplified
from edge_agent.intents.values import read

TEMPLATE_SIGNS = re.compile(r"[{}()|\[\]<>*]|  ")
WHERE_A_VALUE_IS_SAID = {"set_color": "color", "set_mode": "mode", "activate_scene": "scene",
                         "set_position": "value", "start_timer": "duration", "set_alarm": "time",
                         "query_reading": "property"}  # fmt: skip


@pytest.fixture(scope="module")
def said() -> list[Example]:
    return [*examples("zh", 7, 6000)]


def words(example: Example) -> dict[str, str]:
    return {slot: example.text[start:end] for slot, start, end in example.spans}


def test_every_span_can_be_read(said: list[Example]) -> None:
    unread = {
        (slot, text)
        for example in said
        for slot, text in words(example).items()
        if read("change" if example.change and slot == "value" else slot, text, "zh") is None
    }
    assert unread == set()


def test_a_slot_is_filled_once(said: list[Example]) -> None:
    assert [each for each in said if len(words(each)) < len(each.spans)] == []


def test_nothing_of_a_template_is_said(said: list[Example]) -> None:
    assert [each.text for each in said if TEMPLATE_SIGNS.search(each.text)] == []


def test_what_is_not_for_the_home_has_no_labels(said: list[Example]) -> None:
    nothing = [each for each in said if each.intent == "none"]
    assert {(each.domain, each.change, each.more, each.spans) for each in nothing} == {
        ("", "", False, ())
    }


def test_every_intent_is_said_and_a_quarter_or_fifth_is_none(said: list[Example]) -> None:
    counted = Counter(each.intent for each in said)
    assert counted.keys() == set(INTENTS)
    assert 0.2 < counted["none"] / len(said) < 0.25


def test_what_an_intent_needs_is_said(said: list[Example]) -> None:
    lacking = [
        each.text
        for each in said
        if (slot := WHERE_A_VALUE_IS_SAID.get(each.intent)) and slot not in words(each)
    ]
    assert lacking == []


def test_sentences_seldom_repeat(said: list[Example]) -> None:
    assert len({each.text for each in said}) > 0.95 * len(said)


def test_noise_keeps_the_words_of_each_slot(said: list[Example]) -> None:
    random = Random(7)

    def plain(example: Example) -> dict[str, str]:
        folded = {slot: simplified(text).replace(" ", "") for slot, text in words(example).items()}
        return {slot: unicodedata.normalize("NFKC", text).lower() for slot, text in folded.items()}

    for example in said:
        heard = noisy(example, random)
        assert plain(heard) == plain(example), heard.text
        assert heard[1:6] == example[1:6]
