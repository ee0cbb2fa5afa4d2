"""The grammars of the languages: whatever they say is labelled as intents.md wants it."""

import re
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.intents.grammar import examples
from edge_agent.intents.grammar.draft import Draft
from edge_agent.intents.grammar.language import Grammar, GrammarFile
from edge_agent.intents.grammar.noise import noisy
from edge_agent.intents.grammar.noise.edits import Edit, edited
from edge_agent.intents.grammar.template import alternatives
from edge_agent.intents.labels import DOMAINS, INTENTS, LANGUAGES, Example
from edge_agent.intents.values import read

TEMPLATE_SIGNS = re.compile(r"[{}()|\[\]<>*_]|  | [,.;?!]")
NEEDED = {
    "set_color": "color", "set_mode": "mode", "activate_scene": "scene", "set_position": "value",
    "start_timer": "duration", "set_alarm": "time", "query_reading": "property",
}  # fmt: skip
CHANGED = {"set_brightness", "set_color_temp", "set_temperature", "set_volume"}
"""Intents that need a value or a direction."""
SAID = {language: [*examples(language, 7, 6000)] for language in LANGUAGES}


def words(example: Example) -> dict[str, str]:
    return {slot: example.text[start:end] for slot, start, end in example.spans}


@pytest.fixture(params=SAID)
def said(request: pytest.FixtureRequest) -> list[Example]:
    return SAID[request.param]


def test_every_span_can_be_read(said: list[Example]) -> None:
    unread = {
        (slot, text)
        for example in said
        for slot, text in words(example).items()
        if read("change" if example.change and slot == "value" else slot, text, example.language)
        is None
    }
    assert unread == set()


def test_a_slot_is_filled_once(said: list[Example]) -> None:
    assert [each.text for each in said if len(words(each)) < len(each.spans)] == []


def test_spans_lie_in_order_and_end_at_words(said: list[Example]) -> None:
    for text, *_, spans in said:
        places = [place for _, start, end in spans for place in (start, end)]
        assert places == sorted(places)
        assert all(text[start:end] == text[start:end].strip(" ,") for _, start, end in spans)


def test_nothing_of_a_template_is_said(said: list[Example]) -> None:
    assert [each.text for each in said if TEMPLATE_SIGNS.search(each.text)] == []


def test_what_is_not_for_the_home_has_no_labels(said: list[Example]) -> None:
    labels = {(each[3:]) for each in said if each.intent == "none"}
    assert labels == {("", "", False, ())}


def test_every_intent_is_said_and_about_a_third_is_none(said: list[Example]) -> None:
    counted = Counter(each.intent for each in said)
    assert counted.keys() == set(INTENTS)
    assert 0.28 < counted["none"] / len(said) < 0.38


def test_what_an_intent_needs_is_said(said: list[Example]) -> None:
    assert [
        each.text
        for each in said
        if NEEDED.get(each.intent, "") not in {"", *words(each)}
        or (each.intent in CHANGED and not each.change and "value" not in words(each))
    ] == []


def test_a_direction_is_only_of_intents_that_change(said: list[Example]) -> None:
    assert {each.intent for each in said if each.change} == CHANGED


def test_a_domain_belongs_to_its_intent(said: list[Example]) -> None:
    found = {(each.intent, each.domain) for each in said if each.domain}
    allowed = {
        "set_brightness": {"light"}, "set_color": {"light"}, "set_color_temp": {"light"},
        "set_temperature": {"climate"}, "set_mode": {"climate", "fan"}, "lock": {"lock"},
        "unlock": {"lock"}, "stop": {"cover", "valve"}, "set_position": {"cover", "valve"},
        "open": {"cover", "valve"}, "close": {"cover", "valve"}, "start": {"fan"},
    }  # fmt: skip
    wrong = {(intent, domain) for intent, domain in found if domain not in DOMAINS}
    media = {intent for intent in INTENTS if intent.startswith("media_")} | {"set_volume"}
    wrong |= {each for each in found if each[1] not in allowed.get(each[0], {each[1]})}
    wrong |= {each for each in found if each[0] in media and each[1] != "media"}
    assert wrong == set()


def test_moments_have_no_domain(said: list[Example]) -> None:
    moments = {"start_timer", "cancel_timer", "query_timer", "set_alarm"}
    assert not [each.text for each in said if each.intent in moments and each.domain]


def test_several_commands_are_said_now_and_then(said: list[Example]) -> None:
    commands = [each for each in said if each.intent != "none"]
    assert 0.05 < sum(each.more for each in commands) / len(commands) < 0.2


def test_sentences_seldom_repeat(said: list[Example]) -> None:
    assert len({each.text for each in said}) > 0.9 * len(said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_seed_says_the_same_again(language: str) -> None:
    assert [*examples(language, 3, 50)] == [*examples(language, 3, 50)]
    assert [*examples(language, 3, 50)] != [*examples(language, 4, 50)]


def test_noise_keeps_the_labels_and_the_spans_at_words(said: list[Example]) -> None:
    random = Random(7)
    for example in said:
        heard = noisy(example, random)
        assert heard[1:6] == example[1:6]
        assert [span[0] for span in heard.spans] == [span[0] for span in example.spans]
        assert all(text.strip() == text != "" for text in words(heard).values()), heard


@given(st.data())
def test_an_edit_outside_a_span_leaves_its_words(data: st.DataObject) -> None:
    text = data.draw(st.text("ab c", min_size=4, max_size=12))
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    example = Example(text, "en", "start", spans=(("device", start, end),))
    first = data.draw(st.integers(0, start))
    last = data.draw(st.integers(end, len(text)))
    put = data.draw(st.text("xyz", max_size=3))
    changed = edited(example, [Edit(0, first, put), Edit(last, len(text), put)])
    assert words(changed) == words(example)


@settings(max_examples=200)
@given(st.text("ab (|)[]{}<>=0-9/*", max_size=14))
def test_a_template_is_read_or_refused_with_its_text(line: str) -> None:
    try:
        said = alternatives(line, {"a": []})
    except ValueError as error:
        assert str(error)
        return
    assert all(map(callable, said))


@pytest.mark.parametrize(
    ("template", "sentences"),
    [
        ("turn (on | off)", {"turn on", "turn off"}),
        ("7( |)(am | pm)", {"7 am", "7 pm", "7am", "7pm"}),
        ("[please] stop", {"please stop", "stop"}),
        ("{08-10}:{0-60/30}", {f"{h}:{m}" for h in ("08", "09", "10") for m in (0, 30, 60)}),
        ("one | two *3", {"one", "two"}),
        ("well [,] [then]", {"well", "well,", "well then", "well, then"}),
    ],
)
def test_a_template_says(template: str, sentences: set[str]) -> None:
    said, random = alternatives(template, {}), Random(1)
    drafts = [Draft(random) for _ in range(300)]
    for draft in drafts:
        random.choice(said)(draft)
    assert {draft.example("en", "none").text for draft in drafts} == sentences


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("turn {on}", "there is no rule `on`: turn {on}"),
        ("turn (on", "`)` is missing: turn (on"),
        ("{place=here}", "there is no slot `place`: {place=here}"),
        ("<lamp> on", "there is no mark `lamp`: <lamp> on"),
        ("on) off", "`)` closes nothing: on) off"),
    ],
)
def test_a_wrong_template_is_refused(template: str, problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        alternatives(template, {})


def test_labels_are_of_the_first_command_only() -> None:
    lines = "(lights)<light> {area=hall} and <more>(tv<media> louder<up> | {area=den} warmer<up>)"
    file = GrammarFile(say={"turn_on": {"plain": lines}})
    example = Grammar("en", [file]).example(Random(1), "turn_on")
    assert example[3:] == ("light", "", True, (("area", 7, 11),))


def test_what_is_only_mentioned_fills_nothing() -> None:
    rules = {"thing": "the {device=tv}<media> is loud<up>"}
    file = GrammarFile(rules=rules, say={"open": {"plain": "{~thing}, open the {device=gate}"}})
    example = Grammar("en", [file]).example(Random(1), "open")
    assert example[1:] == ("en", "open", "", "", False, (("device", 25, 29),))


def test_a_rule_of_two_files_is_refused() -> None:
    with pytest.raises(ValueError, match="the rule `room` stands in two files"):
        Grammar("en", [GrammarFile(rules={"room": "hall"}), GrammarFile(rules={"room": "den"})])
