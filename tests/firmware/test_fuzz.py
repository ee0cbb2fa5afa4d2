"""Whatever comes over the wire: no crash, always an answer."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.devices.lines import decode_line, encode_line
from edge_agent.devices.profiles import load_profiles
from edge_agent.devices.registry import Registry
from firmware_profiles.payloads import parse
from firmware_profiles.profiles import OTHERS, Profiles
from schemas.event import Event
from schemas.profile import MessageRule, Profile

SHIPPED = load_profiles()[0]
LOOSE = Profile(
    profile="loose",
    messages=[
        MessageRule(topic="loose/{device:*}/v/{property}", property="{property}"),
        MessageRule(topic="loose/{device}", root="a", time="t", fields={"b.*.c": "temperature °F"}),
    ],
)
_KEYS = """
state action temperature voltage battery color brightness color_temp last_seen update l1 state_l1
illuminance illuminance_lux contact a b t x friendly_name ieee_address
params method result src events event component switch:0 output aenergy total relays tmp lights ison
mode gain event_cnt stat_t uniq_id dev ids dev_cla
"""
_TOPICS = """
zigbee2mqtt/a zigbee2mqtt/a/b zigbee2mqtt/a/l1 zigbee2mqtt/a/set zigbee2mqtt/a/availability
zigbee2mqtt/bridge/devices zigbee2mqtt/bridge/groups zigbee2mqtt/bridge/state
zigbee2mqtt/bridge/info zigbee2mqtt/bridge/event zigbee2mqtt/bridge/response/x
zigbee2mqtt/bridge/health zigbee2mqtt/ zigbee2mqtt zigbee2mqtt// zigbee2mqtt/bridge/
shellies/a/relay/0 shellies/a/info shellies/a/input_event/0 shellies/a/color/0/status
shellies/a/status shellies/a/online shellies/announce a/status/switch:0 a/events/rpc a/rpc
a/status/rpc a/status n/sensor/temperature/state n/light/a/state n/binary_sensor/door/state
n/cover/a/position/state n/debug esphome/discover/n homeassistant/sensor/n/temperature/config
other/bridge/devices other/bridge/info other/bridge/state loose/x/v/temperature loose/x / //
"""
KEYS = st.sampled_from(_KEYS.split()) | st.text(max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)
TOPICS = st.sampled_from(_TOPICS.split()) | st.text(max_size=20)
PAYLOADS = st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode())


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(TOPICS, PAYLOADS, st.booleans()), min_size=1, max_size=8))
def test_no_message_crashes_decoder_or_registry(messages: list[tuple[str, bytes, bool]]) -> None:
    profiles = Profiles([LOOSE, *SHIPPED])
    registry = Registry({}, encode=profiles.encode, send=lambda publication, run: None)
    for topic, raw, retain in messages:
        said = profiles.decode(topic, raw, parse(raw), retain)
        if said is not None:
            registry.apply(said, Event(1, 1.0, 1.0, "mqtt", topic, None, raw, retain))
            assert all(reading.value is not None for reading in said.readings)
        else:
            assert profiles.unknown[topic] > 0
    for row in registry.rows():
        json.dumps(row.state)


@settings(max_examples=200, deadline=None)
@given(TOPICS, JSON | st.text())
def test_every_line_is_answered(topic: str, payload: Any) -> None:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    said = decode_line({"topic": topic, "payload": text}, SHIPPED)
    assert {"firmware", "device", "channel", "readings"} <= said.keys()
    json.dumps(said)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["set", "turn_on", "open", "activate", "sing"]),
    st.sampled_from(["state", "brightness", "color_xy", "color_temp", "hvac_mode", "x"]),
    JSON,
    st.none() | st.text(max_size=3),
)
def test_every_intent_is_sent_or_refused(
    action: str, property: str, value: Any, instance: str | None
) -> None:
    intent = {"action": action, "property": property, "value": value, "instance": instance}
    try:
        sent = encode_line({"firmware": "zigbee2mqtt", "device": "a", "intent": intent}, SHIPPED)
    except LookupError as refused:
        assert str(refused)
    else:
        assert sent["topic"] == "zigbee2mqtt/a/set"


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":' * 50_000,
        b"[" * 200_000 + b"]" * 200_000,
        b'{"temperature": NaN}',
        b'{"temperature": 1e999, "battery": ' + b"9" * 400 + b"}",
        b'{"temperature": "' + b"9" * 10_000_000 + b'"}',
        b"\xff" * 10_000_000,
        json.dumps({f"k{i}": i for i in range(20_000)}).encode(),
        json.dumps(
            [{"ieee_address": f"{i}", "definition": {"exposes": [[[]]]}} for i in range(99)]
        ),
    ],
    ids=["deep", "deeper", "nan", "huge numbers", "10 MB text", "10 MB bytes", "many keys", "list"],
)
@pytest.mark.parametrize(
    "topic", ["zigbee2mqtt/a", "zigbee2mqtt/bridge/devices", "zigbee2mqtt/a/temperature"]
)
def test_the_extremes_are_survived(topic: str, raw: bytes) -> None:
    profiles = Profiles(SHIPPED)
    said = profiles.decode(topic, raw, parse(raw), False)
    assert said is not None
    for reading in said.readings:
        assert not isinstance(reading.value, float) or abs(reading.value) < 1e300


def test_topics_of_nobody_are_counted_and_the_table_is_bounded() -> None:
    profiles = Profiles(SHIPPED)
    for number in range(1500):
        profiles.decode(f"nobody/{number}", b"1", 1, False)
        profiles.decode("nobody/0", b"1", 1, False)
    assert profiles.unknown["nobody/0"] == 1501
    assert len(profiles.unknown) == 1001 and profiles.unknown[OTHERS] == 500
