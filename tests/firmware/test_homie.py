"""Homie: devices behind devices, what is removed, and what anybody may send."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.devices.profiles import load_profiles
from firmware_profiles.contract import Unsupported
from firmware_profiles.payloads import parse
from firmware_profiles.profiles import Profiles
from schemas.device import Command, Decoded

SHIPPED = load_profiles()[0]


def say(profiles: Profiles, topic: str, payload: Any) -> Decoded:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    said = profiles.decode(topic, text.encode(), parse(text.encode()), True)
    assert said is not None
    return said


def test_a_lost_root_takes_its_children_with_it_and_brings_them_back() -> None:
    profiles = Profiles(SHIPPED)
    say(profiles, "homie/5/relay/$description", {"homie": "5.0", "version": 1, "root": "bridge"})
    say(
        profiles, "homie/5/lamp/$description", {"homie": "5.0", "root": "bridge", "parent": "relay"}
    )
    lost = say(profiles, "homie/5/bridge/$state", "lost")
    assert (lost.available, lost.cascade, lost.behind) == (
        False,
        True,
        ["homie:relay", "homie:lamp"],
    )
    ready = say(profiles, "homie/5/bridge/$state", "ready")
    assert (ready.available, ready.cascade) == (True, True)
    init = say(profiles, "homie/5/bridge/$state", "init")
    assert (init.available, init.cascade) == (False, False)


def test_what_a_new_description_leaves_out_is_gone() -> None:
    profiles = Profiles(SHIPPED)
    nodes = {"a": {"properties": {"x": {"datatype": "float"}, "y": {"datatype": "float"}}}}
    say(profiles, "homie/5/d/$description", {"homie": "5.0", "nodes": nodes})
    del nodes["a"]["properties"]["y"]
    said = say(profiles, "homie/5/d/$description", {"homie": "5.0", "nodes": nodes})
    assert [entity.property for entity in said.devices[0].entities] == ["x"]


def test_an_attribute_that_comes_after_the_value_changes_what_the_next_value_means() -> None:
    profiles = Profiles(SHIPPED)
    assert say(profiles, "homie/d/n/t", "50").readings[0].unit is None
    say(profiles, "homie/d/n/t/$unit", "°F")
    assert say(profiles, "homie/d/n/t", "50").readings[0].value == 10


def test_repeated_attributes_do_not_change_the_subscriptions() -> None:
    profiles = Profiles(SHIPPED)
    say(profiles, "mine/d/$homie", "4.0.0")
    version = profiles.version
    say(profiles, "mine/d/$homie", "4.0.0")
    assert profiles.version == version
    assert "mine/#" in profiles.topics()


WORDS = """
d n p set $state $homie $description $unit $datatype $format $settable $target $stats/x $alert
$broadcast $array $properties $ 5 float boolean color enum 1:2 rgb,hsv °F % : , a_1 $fw/name
"""
WORD = st.sampled_from(WORDS.split())
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | WORD,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["nodes", "properties", "n", "p", "unit", "format", "root", "name"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.lists(WORD, min_size=2, max_size=5), VALUE), max_size=6))
def test_any_traffic_is_survived(messages: list[tuple[list[str], Any]]) -> None:
    profiles = Profiles(SHIPPED)
    for levels, value in messages:
        text = value if isinstance(value, str) else json.dumps(value)
        raw = text.encode("utf-8", "surrogatepass")
        profiles.decode("/".join(["homie", *levels]), raw, parse(raw), True)
        try:
            profiles.encode("homie", "d", Command({"state": value, "p": value}, instance="n"))
        except Unsupported as refused:
            assert str(refused)
