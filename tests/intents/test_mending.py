"""Spans are completed by what their words say."""

from __future__ import annotations

from typing import Any

import pytest

from edge_agent.intents.compose import Heard, compose
from edge_agent.intents.labels import Span


def slots(language: str, intent: str, text: str, *said: tuple[str, str]) -> dict[str, Any]:
    """The slots where the network found these words of a sentence."""
    spans = [Span(slot, text.index(words), text.index(words) + len(words)) for slot, words in said]
    return dict(compose(text, Heard(language, intent, 1.0, spans=spans)).slots)


@pytest.mark.parametrize(
    ("language", "text", "words", "time"),
    [
        ("en", "get up at quarter to nine", "quarter", "08:45"),
        ("en", "alarm for half past ten in the evening", "ten in the evening", "22:30"),
        ("de", "weck mich um Viertel nach fünf", "fünf", "05:15"),
        ("de", "Wecker auf drei viertel zehn", "zehn", "09:45"),
    ],
)
def test_a_time_of_several_words_is_read_whole(
    language: str, text: str, words: str, time: str
) -> None:
    assert slots(language, "set_alarm", text, ("time", words)) == {"time": time}


def test_what_an_intent_cannot_do_without_is_looked_for() -> None:
    assert slots("de", "set_color", "alles soll heute gelb sein") == {"color": "yellow"}
    assert slots("en", "start_timer", "a timer, nine and a half minutes") == {"duration": 570}
    assert slots("en", "set_alarm", "up at ten past six") == {"time": "06:10"}
    assert slots("zh", "query_reading", "说说湿度") == {"property": "humidity"}


def test_two_words_that_mean_different_things_fill_no_slot() -> None:
    assert slots("en", "set_color", "not the red one, the blue one") == {}


def test_a_chinese_title_gets_its_first_character_back() -> None:
    assert slots("zh", "media_play", "我想听侯宝林的相声", ("query", "宝林的相声")) == {
        "query": "侯宝林的相声"
    }


def test_where_something_plays_is_the_room_that_the_first_clause_names() -> None:
    assert slots("de", "media_next", "im Flur bitte weiter") == {"area": "flur"}
    assert slots("en", "media_next", "next one, i'm in the bathroom") == {}


def test_words_after_a_name_are_no_part_of_it() -> None:
    assert slots("en", "turn_off", "is the kettle still", ("device", "kettle still")) == {
        "device": "kettle"
    }
