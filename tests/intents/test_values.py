"""What words of a slot mean, in each language."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.intents.labels import LANGUAGES, SPANS
from edge_agent.intents.values import read
from edge_agent.intents.values.reading import time_on
from edge_agent.intents.values.typos import closest
from pipelines.source import Reader

CASES = Path(__file__).parents[1] / "cases" / "intents"


def cases() -> list[Any]:
    found = []
    for path in sorted(CASES.glob("values_*.yaml")):
        reader, language = Reader(CASES), path.stem.removeprefix("values_")
        tree = reader.load(path)
        assert not reader.problems, "\n".join(map(str, reader.problems))
        for slot, meant in tree.items():
            found += [
                pytest.param(language, slot, words, value, id=f"{language} {slot} {words}")
                for words, value in meant.items()
            ]
    return found


@pytest.mark.parametrize(("language", "slot", "words", "value"), cases())
def test_the_words_mean_the_value(language: str, slot: str, words: str, value: object) -> None:
    assert read(slot, words, language) == value


@pytest.mark.parametrize("slot", ["value", "change", "duration", "time", "color", "mode", "state"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_words_without_a_value_mean_none(slot: str, language: str) -> None:
    assert read(slot, "giraffe", language) is None


@pytest.mark.parametrize(
    ("language", "day", "time", "clock"),
    [
        ("en", "tonight", "8", "20:00"),
        ("en", "tomorrow", "8", "08:00"),
        ("en", "weekday mornings", "7", "07:00"),
        ("de", "heute Abend", "halb neun", "20:30"),
        ("de", "morgen", "halb neun", "08:30"),
        ("de", "Sonnabend", "9 Uhr", "09:00"),
        ("de", "morgen früh", "sechs", "06:00"),
    ],
)
def test_the_day_may_tell_the_half_of_the_day(
    language: str, day: str, time: str, clock: str
) -> None:
    assert time_on(day, time, language) == clock


@given(hour=st.integers(0, 23), minute=st.integers(0, 59))
def test_a_time_in_figures_is_itself_in_every_language(hour: int, minute: int) -> None:
    said = f"{hour:02}:{minute:02}"
    assert {read("time", said, language) for language in LANGUAGES} == {said}


@given(number=st.integers(0, 9999))
def test_a_number_in_figures_is_itself_in_every_language(number: int) -> None:
    assert {read("value", str(number), language) for language in LANGUAGES} == {number}


@given(minutes=st.integers(1, 999), seconds=st.integers(0, 59))
def test_minutes_and_seconds_add_up(minutes: int, seconds: int) -> None:
    english = read("duration", f"{minutes} minutes and {seconds} seconds", "en")
    german = read("duration", f"{minutes} Minuten und {seconds} Sekunden", "de")
    assert english == german == minutes * 60 + seconds


@given(
    slot=st.sampled_from(SPANS),
    text=st.text() | st.text("0123456789:., halfquartzwei'-°%+"),
    language=st.sampled_from(LANGUAGES),
)
def test_no_words_break_the_reading(slot: str, text: str, language: str) -> None:
    assert isinstance(read(slot, text, language), str | int | float | None)


@pytest.mark.parametrize(
    ("said", "meant"),
    [("purpel", "purple"), ("orannge", "orange"), ("ornge", "orange"), ("gold", None)],
)
def test_one_slip_is_forgiven_in_longer_words(said: str, meant: str | None) -> None:
    assert closest(said, ["purple", "orange", "golf"]) == meant
