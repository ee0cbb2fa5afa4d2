"""What Chinese words of a slot mean in both scripts, and what two slots say together."""

import pytest

from edge_agent.intents.script import simplified, traditional
from edge_agent.intents.values import read
from edge_agent.intents.values.reading import state_of, time_on
from tests.intents.test_values import cases

CHINESE = [each.values[1:3] for each in cases() if each.values[0] == "zh"]


@pytest.mark.parametrize(("slot", "words"), CHINESE)
def test_traditional_characters_mean_the_same(slot: str, words: str) -> None:
    here = read(slot, words, "zh")
    there = read(slot, traditional(words), "zh")
    assert (simplified(there) if isinstance(there, str) else there) == here


@pytest.mark.parametrize(
    ("day", "time", "clock"),
    [
        ("明晚", "八点", "20:00"),
        ("明早", "七点", "07:00"),
        ("5月3号", "七点", "07:00"),
        ("今晚", "10点半", "22:30"),
        ("周五", "7点", "07:00"),
    ],
)
def test_the_day_may_tell_the_half_of_the_day(day: str, time: str, clock: str) -> None:
    assert time_on(day, time, "zh") == clock


@pytest.mark.parametrize("slot", ["value", "duration", "time", "color", "mode", "state"])
def test_words_without_a_value_mean_none(slot: str) -> None:
    assert read(slot, "冰箱", "zh") is None


@pytest.mark.parametrize(
    ("thing", "words", "state"),
    [
        ("卷帘门", "开着", "open"),
        ("窗户", "关", "closed"),
        ("cover", "开没开", "open"),
        ("大门", "锁着", "locked"),
        ("热水器", "开着", "on"),
        ("门铃", "开着", "on"),
        ("light", "关了", "off"),
    ],
)
def test_what_opens_is_open_and_not_on(thing: str, words: str, state: str) -> None:
    assert state_of(thing, words, "zh") == state
