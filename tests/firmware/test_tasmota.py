"""Tasmota and OpenMQTTGateway beyond single messages: names, moves, layouts, odd payloads."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from edge_agent.devices.profiles import load_profiles
from edge_agent.devices.registry import Registry
from firmware_profiles.contract import Native, Unsupported
from firmware_profiles.payloads import parse
from firmware_profiles.profiles import Profiles
from schemas.device import Command, Decoded, Publication
from schemas.event import Event
from schemas.profile import Profile

MINE = [each for each in load_profiles()[0] if each.profile in ("tasmota", "openmqttgateway")]
CONFIG = "tasmota/discovery/AABBCC112233/config"


class Home:
    """The profiles and a registry, fed by topic and payload."""

    def __init__(self, *profiles: Profile) -> None:
        self.profiles = Profiles(profiles or MINE)
        self.sent: list[Publication] = []
        self.registry = Registry({}, encode=self.profiles.encode, send=self._send)

    def _send(self, publication: Publication, run: int) -> None:
        self.sent.append(publication)

    def hear(self, topic: str, payload: Any) -> Decoded | None:
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        said = self.profiles.decode(topic, raw, parse(raw), False)
        if said is not None:
            self.registry.apply(said, Event(1, 1.0, 1.0, "mqtt", topic, None, raw, False))
        return said


def config(topic: str, **others: Any) -> dict[str, Any]:
    return {"t": topic, "ft": "%prefix%/%topic%/", "tp": ["cmnd", "stat", "tele"], **others}


def test_a_device_heard_of_gets_its_address_as_key_when_it_announces_itself() -> None:
    home = Home()
    home.hear("stat/lamp/POWER", b"ON")
    home.hear(CONFIG, config("lamp", dn="Lamp"))
    home.hear("stat/lamp/POWER", b"OFF")
    assert home.registry.keys() == ["tasmota:AABBCC112233"]
    assert home.registry.value("lamp", "state") == "off"


def test_a_device_whose_topic_changes_keeps_its_key_and_values() -> None:
    home = Home()
    home.hear(CONFIG, config("lamp"))
    home.hear("stat/lamp/POWER", b"ON")
    home.hear(CONFIG, config("shelf", ft="home/%topic%/%prefix%/"))
    home.hear("home/shelf/stat/RESULT", {"Dimmer": 40})
    assert home.registry.keys() == ["tasmota:AABBCC112233"]
    assert home.registry.value("shelf", "state") == "on"
    assert home.registry.value("shelf", "brightness") == 40
    home.registry.command("shelf", Command(do="turn_off"))
    assert home.sent == [Publication("home/shelf/cmnd/POWER", "OFF")]


def test_a_device_whose_announcement_is_emptied_is_removed_and_comes_back_as_itself() -> None:
    home = Home()
    home.hear(CONFIG, config("lamp"))
    home.hear(CONFIG, b"")
    assert home.registry.keys() == []
    home.hear("stat/lamp/POWER", b"ON")
    assert home.registry.keys() == ["tasmota:AABBCC112233"]


def test_an_announcement_said_again_changes_no_subscription() -> None:
    home = Home()
    home.hear(CONFIG, config("lamp"))
    before = home.profiles.version
    home.hear(CONFIG, config("lamp", dn="Other"))
    assert home.profiles.version == before


def test_topics_of_a_custom_layout_are_subscribed_to_once_announced() -> None:
    home = Home()
    assert "haus/lamp/werte/#" not in home.profiles.topics()
    home.hear(CONFIG, config("lamp", ft="haus/%topic%/%prefix%/", tp=["b", "s", "werte"]))
    assert "haus/lamp/werte/#" in home.profiles.topics()


def test_announced_topics_are_its_own_and_guessed_ones_are_not() -> None:
    (tasmota,) = (each for each in Home().profiles.decoders if each.firmware == "tasmota")
    assert isinstance(tasmota, Native)
    assert not tasmota.claims("tele/lamp/SENSOR")
    reader = tasmota.reader(CONFIG)
    assert reader is not None
    reader(b"{}", config("lamp"), True)
    assert tasmota.claims("tele/lamp/SENSOR")
    assert tasmota.claims("tele/lamp/8F20/SENSOR")
    assert not tasmota.claims("tele/other/SENSOR")


def test_two_devices_of_one_topic_are_told_apart_by_their_full_topics() -> None:
    home = Home()
    home.hear(CONFIG, config("lamp", ft="up/%topic%/%prefix%/"))
    home.hear(CONFIG.replace("33/", "44/"), config("lamp", ft="down/%topic%/%prefix%/"))
    up, down = (home.hear(f"{floor}/lamp/stat/POWER", b"ON") for floor in ("up", "down"))
    assert up is not None
    assert down is not None
    assert (up.key, down.key) == ("tasmota:AABBCC112233", "tasmota:AABBCC112244")


@pytest.mark.parametrize(
    ("full", "topic", "device", "orders"),
    [
        ("home/+/%topic%/%prefix%/", "home/attic/lamp/info/STATE", "lamp", "home/attic/lamp/do/"),
        ("%prefix%/%hostname%/", "info/lamp-1/STATE", "lamp-1", "do/lamp-1/"),
        ("x/%id%/%topic%/%prefix%", "x/A1/lamp/info/STATE", "lamp", "x/A1/lamp/do/"),
    ],
)
def test_a_full_topic_can_be_configured(full: str, topic: str, device: str, orders: str) -> None:
    (tasmota,) = (each for each in MINE if each.profile == "tasmota")
    options = {**tasmota.options, "full_topics": [full], "prefixes": ["do", "say", "info"]}
    home = Home(replace(tasmota, options=options))
    said = home.hear(topic, {"POWER": "ON"})
    assert said is not None
    assert (said.device, said.channel) == (device, "state")
    sent = home.profiles.encode("tasmota", device, Command(do="turn_on"))
    assert sent == [Publication(f"{orders}POWER", "ON")]


def test_brightness_and_state_are_two_commands() -> None:
    home = Home()
    command = Command(set={"state": "on", "brightness": 30})
    sent = home.profiles.encode("tasmota", "lamp", command)
    assert [each.payload for each in sent] == ["ON", "30"]


@pytest.mark.parametrize("firmware", ["tasmota", "openmqttgateway"])
def test_raw_goes_out_as_it_is(firmware: str) -> None:
    home = Home()
    command = Command(raw={"topic": "cmnd/lamp/Status", "payload": "0"})
    assert home.profiles.encode(firmware, "a", command) == [Publication("cmnd/lamp/Status", "0")]
    with pytest.raises(Unsupported, match="`raw` needs a `topic`"):
        home.profiles.encode(firmware, "a", Command(raw={"payload": "0"}))


_TOPICS = """
tele/a/STATE tele/a/SENSOR tele/a/RESULT tele/a/LWT tele/a/INFO1 tele/a/UPTIME tele/a/ENERGY
tele/a/8F20/SENSOR tele/a/8F20/ZbReceived stat/a/RESULT stat/a/POWER1 stat/a/STATUS0 stat/a/SHUTTER1
stat/a/DIMMER stat/a/LOGGING cmnd/a/POWER a/tele/STATE tele// tele/ tele stat/a/ /tele/x/STATE
tasmota/discovery/AA/config tasmota/discovery/AA/sensors tasmota/discovery/AA tasmota/discovery/
home/g/BTtoMQTT/AA home/g/BTtoMQTT home/g/RTL_433toMQTT/x/y home/g/433toMQTT home/g/PilighttoMQTT
home/g/LWT home/g/commands/MQTTto433 home/presence/g home/g/XtoMQTT
"""
_KEYS = """
POWER POWER1 Dimmer Color HSBColor CT Wifi RSSI Uptime UptimeSec Time Epoch TempUnit ENERGY Total
Temperature ANALOG Shutter1 Position Direction Tilt ZbReceived ZbInfo Power X Y 0006!02 Switch1
Action RfReceived Data RC522 UID APDS9960 Right StatusSNS StatusSTS StatusFWR Version sn t ft tp mac
fn rl swc swn btn so sho sht state ofln onln lt_st if dn md sw Command LwReceived TX23 Speed Act
model id channel tempc tempc2 type unit weight message protocol value switchType gpio cmd open
"""
KEYS = st.sampled_from(_KEYS.split())
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
WORDS = st.sampled_from(["ON", "OFF", "TOGGLE", "F", "BBQ", "%topic%/%prefix%/", "0T00:00:01"])
JSON = st.recursive(
    SCALARS | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)
TOPICS = st.sampled_from(_TOPICS.split())
PAYLOADS = st.binary(max_size=20) | JSON


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(TOPICS, PAYLOADS), min_size=1, max_size=8))
def test_no_message_crashes_decoder_or_registry(messages: list[tuple[str, Any]]) -> None:
    home = Home()
    for topic, payload in messages:
        said = home.hear(topic, payload)
        assert said is None or said.device
        assert said is None or all(reading.value is not None for reading in said.readings)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["tasmota", "openmqttgateway"]),
    st.sampled_from(["state", "brightness", "color_rgb", "color_hs", "color_temp", "position"]),
    JSON,
    st.sampled_from([None, "turn_on", "open", "rf_send", "sing"]),
    st.none() | st.sampled_from(["1", "0x8F20", "x"]),
    st.none() | st.floats(0, 1e6),
)
def test_every_command_is_sent_or_refused(
    firmware: str, name: str, value: Any, do: str | None, instance: str | None, over: float | None
) -> None:
    command = Command({name: value}, do, instance, over)
    try:
        sent = Home().profiles.encode(firmware, "a", command)
    except Unsupported as refused:
        assert str(refused)
    else:
        assert sent
