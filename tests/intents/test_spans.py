"""Spans are whole words, the likeliest together, one of each slot."""

from __future__ import annotations

import numpy as np
import pytest

from edge_agent.intents.encoding import encode
from edge_agent.intents.labels import SPANS
from edge_agent.intents.shape import TAGS
from edge_agent.intents.spans import likeliest

ALL = frozenset(SPANS)


def spans(text: str, *said: tuple[str, str, float], slots: frozenset[str] = ALL) -> list[str]:
    """What is found where the network says of some words that they fill a slot, so surely."""
    places = encode(text).places
    tags = np.zeros((len(places), len(TAGS) + 5), np.float32)
    tags[:, 0] = 2.0
    for words, slot, sure in said:
        start = text.index(words)
        inside = [at for at, place in enumerate(places) if start <= place < start + len(words)]
        tags[inside, TAGS.index(f"I-{slot}")] = sure
        tags[inside[0], TAGS.index(f"B-{slot}")] = sure + 1
    return [f"{each.slot}={text[each.start : each.end]}"
            for each in likeliest(text, places, tags, slots)]  # fmt: skip


def test_a_span_of_several_words_stays_whole() -> None:
    found = spans(
        "turn on the floor lamp in the den", ("floor lamp", "device", 5), ("den", "area", 5)
    )
    assert found == ["device=floor lamp", "area=den"]


def test_some_letters_of_a_word_make_no_span() -> None:
    assert spans("turn on the heating", ("ea", "area", 4)) == []


def test_a_word_is_taken_whole_where_most_of_it_is_heard() -> None:
    assert spans("play vivaldi", ("viva", "query", 9)) == ["query=vivaldi"]


def test_a_slot_is_filled_by_the_words_that_are_surest() -> None:
    text = "dim the den lights, dinner is on the table"
    assert spans(text, ("den", "area", 4), ("table", "area", 3)) == ["area=den"]
    assert spans(text, ("den", "area", 3), ("table", "area", 4)) == ["area=table"]


def test_slots_that_the_intent_does_not_have_are_not_filled() -> None:
    said = ("den", "area", 9.0)
    assert spans("wake me in the den", said, slots=frozenset({"time"})) == []


@pytest.mark.parametrize(
    ("text", "words", "slot"),
    [
        ("brich den Kartoffeltimer ab", "Kartoffel", "name"),
        ("stell den Pizza-Timer auf 5 Minuten", "Pizza", "name"),
        ("把客厅的灯打开", "客厅", "area"),
        ("auf 20% bitte", "20%", "value"),
        ("open emma's blinds", "emma's", "area"),
        ("wake me at 7:15", "7:15", "time"),
    ],
)
def test_words_end_where_a_person_would_say(text: str, words: str, slot: str) -> None:
    assert spans(text, (words, slot, 6.0)) == [f"{slot}={words}"]


def test_nothing_is_found_in_nothing() -> None:
    nothing = np.zeros((0, len(TAGS)), np.float32)
    assert likeliest("", [], nothing, ALL) == []
    assert likeliest("?!", [0, 1], np.zeros((2, len(TAGS)), np.float32), ALL) == []


def test_words_beyond_what_is_heard_are_left_out() -> None:
    text = "x" * 250 + " the floor lamp"
    places = encode(text).places
    tags = np.zeros((len(places), len(TAGS)), np.float32)
    tags[:, TAGS.index("I-device")] = 5
    assert [each.end for each in likeliest(text, places, tags, ALL)] == [len(places)]
