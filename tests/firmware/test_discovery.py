"""Home Assistant discovery: what is one device, what anybody may send, what templates may cost."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.devices.profiles import load_profiles
from firmware_profiles.contract import Unsupported
from firmware_profiles.decoders.ha_discovery.components import MAKERS
from firmware_profiles.decoders.ha_discovery.config import COMPONENTS
from firmware_profiles.decoders.ha_discovery.template import Templates
from firmware_profiles.decoders.ha_discovery.words import long
from firmware_profiles.payloads import parse
from firmware_profiles.profiles import Profiles
from schemas.device import Command, Decoded
from schemas.profile import MessageRule, Profile

SHIPPED = load_profiles()[0]
LIST = [{"ieee_address": "0x01", "friendly_name": "bulb", "definition": None}]
LIGHT = {
    "schema": "json",
    "state_topic": "zigbee2mqtt/bulb",
    "command_topic": "zigbee2mqtt/bulb/set",
    "device": {"identifiers": ["z_0x01"]},
}


def say(profiles: Profiles, topic: str, payload: Any) -> Decoded | None:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return profiles.decode(topic, text.encode(), parse(text.encode()), True)


def test_every_component_is_known() -> None:
    assert set(MAKERS) | {"camera", "image"} == COMPONENTS


def test_long_keys_stay_as_they_are() -> None:
    for key in (
        "min_temp",
        "color_temp",
        "temp_step",
        "state_value_template",
        "supported_features",
    ):
        assert long(key) == key


def test_a_device_list_that_comes_later_takes_the_device_over() -> None:
    profiles = Profiles(SHIPPED)
    say(profiles, "homeassistant/light/0x01/light/config", LIGHT)
    before = say(profiles, "zigbee2mqtt/bulb", {"state": "ON"})
    say(profiles, "zigbee2mqtt/bridge/devices", LIST)
    after = say(profiles, "zigbee2mqtt/bulb", {"state": "ON"})
    again = say(profiles, "homeassistant/light/0x01/light/config", LIGHT)
    assert before is not None and before.firmware == "ha-discovery"
    assert after is not None and after.key == "zigbee2mqtt:0x01"
    assert again is not None and [each.removed for each in again.devices] == [True]


def test_the_users_own_profile_comes_before_discovery() -> None:
    own = Profile(profile="mine", messages=[MessageRule(topic="zigbee2mqtt/{device}")])
    profiles = Profiles([own, *SHIPPED])
    say(profiles, "homeassistant/light/0x01/light/config", LIGHT)
    said = say(profiles, "zigbee2mqtt/bulb", {"state": "ON"})
    assert said is not None and said.firmware == "mine"


def test_the_same_config_again_changes_nothing() -> None:
    profiles = Profiles(SHIPPED)
    say(profiles, "homeassistant/light/0x01/light/config", LIGHT)
    version = profiles.version
    say(profiles, "homeassistant/light/0x01/light/config", LIGHT)
    assert profiles.version == version


def test_a_config_that_moves_leaves_its_old_topics() -> None:
    profiles = Profiles(SHIPPED)
    old = {"state_topic": "a/old", "device": {"identifiers": "d"}}
    say(profiles, "homeassistant/sensor/d/config", old)
    say(profiles, "homeassistant/sensor/d/config", old | {"state_topic": "a/new"})
    assert say(profiles, "a/old", "1") is None
    assert say(profiles, "a/new", "1") is not None


def test_a_config_that_changes_its_device_removes_the_former() -> None:
    profiles = Profiles(SHIPPED)
    one = {"state_topic": "a/b", "device": {"identifiers": "one"}}
    say(profiles, "homeassistant/sensor/d/config", one)
    said = say(profiles, "homeassistant/sensor/d/config", one | {"device": {"identifiers": "two"}})
    assert said is not None
    assert {each.device: each.removed for each in said.devices} == {"one": True, "two": False}


def test_switches_of_one_device_are_told_apart_and_commanded_by_that_name() -> None:
    profiles = Profiles(SHIPPED)
    for side in ("state", "switch"):
        config = {"state_topic": f"k/{side}", "command_topic": f"k/{side}/set", "dev": {"ids": "k"}}
        say(profiles, f"homeassistant/switch/k/{side}/config", config)
    said = say(profiles, "k/switch", "ON")
    assert said is not None and [each.instance for each in said.readings] == ["switch"]
    sent = profiles.encode("ha-discovery", "k", Command(do="turn_on", instance="switch"))
    assert [each.topic for each in sent] == ["k/switch/set"]


def test_the_two_setpoints_of_a_thermostat_are_instances() -> None:
    profiles = Profiles(SHIPPED)
    topics = {f"temp_{which}_cmd_t": f"h/{which}" for which in ("lo", "hi")}
    say(profiles, "homeassistant/climate/h/config", topics | {"dev": {"ids": "h"}})
    command = Command({"target_temperature": 21}, instance="high")
    assert [p.topic for p in profiles.encode("ha-discovery", "h", command)] == ["h/hi"]


@pytest.mark.parametrize(
    ("template", "payload", "value"),
    [
        ("{{ value }}", "17.5", "17.5"),
        ("{{ value_json }}", "17", 17),
        ("{{ value_json.a.b }}", {"a": {"b": 2}}, 2),
        ("{{ value_json['a'][0]['b'] }}", {"a": [{"b": 2}]}, 2),
        ("{{ value_json.a }}", {"b": 2}, None),
        ("{{ value_json.a }}", "no json", None),
        ("{{ value_json.a | round(1) }}", {"a": 2.345}, 2.3),
        ("{{ value_json.a | round }}", {"a": 2.6}, 3),
        ("{{ value_json.a | int }}", {"a": "2.6"}, 2),
        ("{{ value_json.a / 10 }}", {"a": 25}, 2.5),
        ("{{ value | float * 2 }}", "3", 6),
        ("{{ '%9999d' % 1 }}", "1", None),
        ("{{ '%.1f' % (value | float) }}", "17.25", "17.2"),
        ("{% for a in value_json %}{{ a }}{% endfor %}", [1, 2], "12"),
        ("{% for a in range(9) %}{% for b in range(9) %}x{% endfor %}{% endfor %}", "1", None),
        ("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "1", None),
        ("{{ value_json.a if value_json.a is defined else 'x' }}", {}, "x"),
        ("{{ value | regex_replace('[^0-9]', '') }}", "t=17", "17"),
        ("{{ value_json.a | default(5) }}", {}, "5"),
        ("{{ 1 / 0 }}", "1", None),
        ("{{ 9 ** 9 ** 9 }}", "1", None),
        ("{{ ''.__class__.__mro__ }}", "1", None),
        ("{{ range(10 ** 9) | list }}", "1", None),
    ],
)
def test_a_template_makes_of_a_message(template: str, payload: Any, value: Any) -> None:
    raw = (payload if isinstance(payload, str) else json.dumps(payload)).encode()
    assert Templates(None).value(template)(raw, parse(raw)) == value


KEYS = sorted(
    {
        "state_topic", "command_topic", "availability", "availability_topic", "value_template",
        "payload_on", "device", "unit_of_measurement", "device_class", "schema", "~", "components",
        "brightness_scale", "min", "max", "modes", "supported_color_modes", "position_topic",
        "position_open", "tilt_max", "speed_range_min", "name", "min_mireds", "identifiers", "dev",
        "ids", "cns", "topic", "type", "subtype", "payload", "qos", "options", "platform",
        "temperature_unit", "percentage_state_topic", "reports_position", "set_position_topic",
    }
)  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
WORDS = st.sampled_from(["a/b", "~c", "{{ value_json.a }}", "{{", "json", "template", "°F", "%"])
VALUES = st.recursive(
    LEAVES | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(sorted(COMPONENTS | {"device"})),
    st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8),
    VALUES,
)
def test_any_config_is_survived(component: str, config: dict[str, Any], payload: Any) -> None:
    profiles = Profiles(SHIPPED)
    config.setdefault("state_topic", "a/b")
    said = say(profiles, f"homeassistant/{component}/x/config", config)
    assert said is not None and said.channel == "discovery"
    said = say(profiles, "a/b", payload)
    for verb in ("turn_on", "open", "activate", "toggle"):
        try:
            profiles.encode("ha-discovery", "x", Command(do=verb))
            profiles.encode("ha-discovery", "x", Command({"brightness": 5, "position": payload}))
        except Unsupported as refused:
            assert str(refused)
    assert profiles.topics()
    say(profiles, f"homeassistant/{component}/x/config", "")


def test_the_cases_name_every_component() -> None:
    cases = (Path(__file__).parents[1] / "cases" / "decode" / "ha_discovery.yaml").read_text()
    spoken = {"button", "scene", "notify", "camera", "image", "text", "water_heater"}
    assert {each for each in COMPONENTS - spoken if f"/{each}/" not in cases} == set()
