"""The device registry: what messages change, who is meant by a name, what is sent."""

from typing import Any

import pytest

from edge_agent.devices.profiles import load_profiles
from edge_agent.devices.registry import Registry
from edge_agent.ledger.records import Latest
from firmware_profiles.payloads import parse
from firmware_profiles.profiles import Profiles
from pipelines.ports import Devices
from schemas.device import Change, Command, Publication
from schemas.event import Event
from schemas.settings import DeviceSettings

LIST = "zigbee2mqtt/bridge/devices"


class Home:
    """A registry with the shipped profiles, fed by topic and payload."""

    def __init__(self, **devices: DeviceSettings) -> None:
        self.profiles = Profiles(load_profiles()[0])
        self.sent: list[tuple[Publication, int]] = []
        self.registry = Registry(devices, encode=self.profiles.encode, send=self._send)
        self.now = 1000.0

    def _send(self, publication: Publication, run: int) -> None:
        self.sent.append((publication, run))

    def hear(self, topic: str, payload: str, *, retain: bool = False) -> list[Change]:
        raw = payload.encode()
        said = self.profiles.decode(topic, raw, parse(raw), retain)
        assert said is not None
        event = Event(1, self.now, self.now, "mqtt", topic, parse(raw), raw, retain)
        return self.registry.apply(said, event)


def shown(changes: list[Change]) -> list[tuple[Any, ...]]:
    return [(each.key, each.property, each.previous, each.value) for each in changes]


def test_it_is_what_components_ask_for() -> None:
    devices: Devices = Home().registry
    assert devices.keys() == []


def test_a_first_value_has_no_previous_and_a_second_has() -> None:
    home = Home()
    (first,) = home.hear("zigbee2mqtt/a", '{"temperature": 20}')
    (second,) = home.hear("zigbee2mqtt/a", '{"temperature": 21}')
    assert (first.known, first.previous, first.value) == (False, None, 20)
    assert (second.known, second.previous, second.value) == (True, 20, 21)


def test_a_value_said_again_is_told_and_keeps_its_time() -> None:
    home = Home()
    home.hear("zigbee2mqtt/a", '{"temperature": 20}')
    home.now = 1060.0
    (again,) = home.hear("zigbee2mqtt/a", '{"temperature": 20}')
    assert (again.previous, again.value) == (20, 20)
    assert home.registry.since("a", "temperature") == 1000.0


def test_a_retained_value_equal_to_the_last_known_is_no_change() -> None:
    home = Home()
    home.hear("zigbee2mqtt/a", '{"temperature": 20}')
    assert home.hear("zigbee2mqtt/a", '{"temperature": 20}', retain=True) == []
    assert len(home.hear("zigbee2mqtt/a", '{"temperature": 21}', retain=True)) == 1


def test_an_action_is_momentary() -> None:
    (change,) = Home().hear("zigbee2mqtt/a", '{"action": "single"}')
    assert change.momentary


def test_a_time_ahead_of_the_arrival_is_the_arrival() -> None:
    home = Home()
    (change,) = home.hear("zigbee2mqtt/a", '{"temperature": 20, "last_seen": 5000000}')
    assert change.ts == 1000.0


def test_a_device_known_by_name_gets_its_address_as_key() -> None:
    home = Home()
    home.hear("zigbee2mqtt/a", '{"temperature": 20}')
    home.hear(LIST, '[{"ieee_address": "0x01", "friendly_name": "a"}]')
    (change,) = home.hear("zigbee2mqtt/a", '{"temperature": 21}')
    assert shown([change]) == [("zigbee2mqtt:0x01", "temperature", 20, 21)]
    assert sorted(home.registry.keys()) == ["zigbee2mqtt:0x01", "zigbee2mqtt:bridge"]
    assert home.registry.value("zigbee2mqtt:a", "temperature") == 21


def test_a_rename_keeps_the_key_and_the_values() -> None:
    home = Home()
    home.hear(LIST, '[{"ieee_address": "0x01", "friendly_name": "a"}]')
    home.hear("zigbee2mqtt/a", '{"temperature": 20}')
    chosen = home.registry.select("b")
    assert not chosen("zigbee2mqtt:0x01")
    home.hear(LIST, '[{"ieee_address": "0x01", "friendly_name": "b"}]')
    assert chosen("zigbee2mqtt:0x01")
    (change,) = home.hear("zigbee2mqtt/b", '{"temperature": 21}')
    assert shown([change]) == [("zigbee2mqtt:0x01", "temperature", 20, 21)]
    assert home.registry.value("a", "temperature") is None


def test_a_device_no_longer_listed_is_forgotten() -> None:
    home = Home()
    home.hear(LIST, '[{"ieee_address": "0x01", "friendly_name": "a"}]')
    home.hear(LIST, "[]")
    assert home.registry.keys("a") == []


def test_a_restarted_agent_knows_the_address_before_the_list_comes() -> None:
    before, after = Home(), Home()
    before.hear(LIST, '[{"ieee_address": "0x01", "friendly_name": "a"}]')
    before.hear("zigbee2mqtt/a", '{"state": "ON", "brightness_l1": 254}')
    before.registry.command("a", Command(set={"brightness": 30}))
    after.registry.restore(before.registry.rows())
    (change,) = after.hear("zigbee2mqtt/a", '{"state": "OFF"}')
    assert shown([change]) == [("zigbee2mqtt:0x01", "state", "on", "off")]
    assert after.registry.value("a", "brightness", "l1") == 100
    found = after.registry.get("a")
    assert found is not None
    assert found.desired == {("brightness", "l1"): 30}


def test_the_last_recorded_readings_are_taken_up() -> None:
    home = Home()
    home.registry.recall([Latest("zigbee2mqtt:a", "a", "temperature", None, 20, "°C", 900.0)])
    assert home.registry.value("a", "temperature") == 20
    assert home.registry.since("a", "temperature") == 900.0


def test_only_changed_devices_are_written() -> None:
    home = Home()
    home.hear("zigbee2mqtt/a", '{"temperature": 20}')
    home.hear("zigbee2mqtt/b", '{"temperature": 20}')
    assert {row.key for row in home.registry.changed_rows()} == {"zigbee2mqtt:a", "zigbee2mqtt:b"}
    home.hear("zigbee2mqtt/b", '{"temperature": 21}')
    assert [row.key for row in home.registry.changed_rows()] == ["zigbee2mqtt:b"]


def test_availability_is_a_property() -> None:
    home = Home()
    (gone,) = home.hear("zigbee2mqtt/a/availability", "offline")
    assert (gone.property, gone.value, gone.known) == ("available", False, False)
    (back,) = home.hear("zigbee2mqtt/a/availability", '{"state": "online"}')
    assert (back.previous, back.value) == (False, True)
    assert home.hear("zigbee2mqtt/a/availability", "online") == []
    assert home.registry.value("a", "available") is True


def test_without_its_bridge_no_device_is_available() -> None:
    home = Home()
    home.hear("zigbee2mqtt/a/availability", "online")
    home.hear("zigbee2mqtt/b", '{"state": "ON"}')
    changes = home.hear("zigbee2mqtt/bridge/state", '{"state": "offline"}')
    assert shown(changes) == [
        ("zigbee2mqtt:bridge", "available", None, False),
        ("zigbee2mqtt:a", "available", True, False),
        ("zigbee2mqtt:b", "available", None, False),
    ]
    home.hear("zigbee2mqtt/bridge/state", '{"state": "online"}')
    assert home.registry.value("a", "available") is True
    assert home.registry.value("b", "available") is True


def test_who_is_met_after_its_bridge_has_spoken_is_behind_it_too() -> None:
    home = Home()
    home.hear("zigbee2mqtt/bridge/state", '{"state": "offline"}')
    listed = home.hear(LIST, '[{"ieee_address": "0x01", "friendly_name": "a"}]')
    assert shown(listed) == [("zigbee2mqtt:0x01", "available", None, False)]
    unlisted = home.hear("zigbee2mqtt/b", '{"state": "ON"}')
    assert shown(unlisted)[-1] == ("zigbee2mqtt:b", "available", None, False)


def test_a_topic_that_turns_out_to_be_known_is_unknown_no_more() -> None:
    home = Home()
    topic = "sensors/dev/main/power"
    assert home.profiles.decode(topic, b"12", 12, False) is None
    assert home.profiles.unknown == {topic: 1}
    home.hear("sensors/dev/$homie", "3.0.1")
    home.hear("sensors/dev/$nodes", "main")
    home.hear("sensors/dev/main/$properties", "power")
    home.hear(topic, "12")
    assert home.profiles.unknown == {}


def test_an_inverted_property_is_turned_round_both_ways() -> None:
    home = Home(door=DeviceSettings(key="zigbee2mqtt:d", inverted=["contact", "child_lock"]))
    (change,) = home.hear("zigbee2mqtt/d", '{"contact": true}')
    assert (change.device, change.value) == ("door", False)
    home.registry.command("door", Command(set={"child_lock": True}))
    assert home.sent[0][0].payload == b'{"child_lock":"UNLOCK"}'


def test_a_command_is_sent_for_its_run_and_desired_until_reported() -> None:
    home = Home()
    home.hear("zigbee2mqtt/a", '{"state": "OFF", "brightness": 254}')
    home.registry.command("a", Command(set={"brightness": 50}, do="turn_on"), run=7)
    assert home.sent == [(Publication("zigbee2mqtt/a/set", b'{"brightness":127,"state":"ON"}'), 7)]
    device = home.registry.get("a")
    assert device is not None
    assert device.desired == {"brightness": 50, "state": "on"}
    home.hear("zigbee2mqtt/a", '{"state": "ON", "brightness": 200}')
    assert device.desired == {"brightness": 50}
    home.hear("zigbee2mqtt/a", '{"brightness": 127}')
    assert device.desired == {}


def test_what_is_desired_is_reported_by_the_only_channel_there_is() -> None:
    home = Home()
    home.hear("plug/status/switch:0", '{"output": false}')
    home.registry.command("plug", Command(do="turn_on"))
    device = home.registry.get("plug")
    assert device is not None
    assert device.desired == {("state", "0"): "on"}
    home.hear("plug/status/switch:0", '{"output": true}')
    assert device.desired == {}


def test_what_is_desired_and_never_comes_is_given_up() -> None:
    home = Home()
    home.hear("zigbee2mqtt/a", '{"brightness": 254}')
    home.registry.command("a", Command(set={"brightness": 50}))
    home.hear("zigbee2mqtt/a", '{"brightness": 254}')
    home.now += 60
    home.hear("zigbee2mqtt/a", '{"brightness": 254}')
    device = home.registry.get("a")
    assert device is not None
    assert device.desired == {}


def test_an_unknown_name_has_a_suggestion() -> None:
    home = Home(freezer=DeviceSettings(key="zigbee2mqtt:f"))
    with pytest.raises(LookupError) as raised:
        home.registry.command("freezr", Command(do="turn_on"))
    assert str(raised.value) == "there is no device `freezr`; did you mean `freezer`?"


def test_a_verb_the_firmware_does_not_know_is_refused() -> None:
    home = Home(freezer=DeviceSettings(key="zigbee2mqtt:f"))
    with pytest.raises(LookupError, match="`sing` is nothing that f can do"):
        home.registry.command("freezer", Command(do="sing"))


def test_an_ambiguous_name_means_nobody_and_says_so() -> None:
    home = Home(
        a=DeviceSettings(key="zigbee2mqtt:1", aliases=["lamp"]),
        b=DeviceSettings(key="zigbee2mqtt:2", aliases=["lamp"]),
    )
    assert home.registry.keys("lamp") == []
    assert home.registry.complaint("lamp") == (
        "the name `lamp` is ambiguous: zigbee2mqtt:1, zigbee2mqtt:2"
    )
    with pytest.raises(LookupError, match="ambiguous"):
        home.registry.command("lamp", Command(do="turn_on"))


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("freezer", "freezer"),
        ("Tiefkühltruhe", "freezer"),
        ("zigbee2mqtt:f", "freezer"),
        ("f", "freezer"),
        ("fr*", "freezer fridge"),
        ("zigbee2mqtt:*", "freezer fridge"),
        (["freezer", "fridge", "nobody"], "freezer fridge"),
        ({"label": "room=cellar"}, "freezer"),
        ({"label": "room"}, "freezer fridge"),
        ({"area": "kitchen"}, "fridge"),
        ({"area": "kitchen", "label": "room=cellar"}, ""),
        ("nobody", ""),
        (None, "freezer fridge"),
    ],
)
def test_a_selector_names(selector: Any, names: str) -> None:
    home = Home(
        freezer=DeviceSettings(
            key="zigbee2mqtt:f", labels={"room": "cellar"}, aliases=["Tiefkühltruhe"]
        ),
        fridge=DeviceSettings(key="zigbee2mqtt:g", labels={"room": "kitchen"}, area="kitchen"),
    )
    keys = home.registry.keys(selector)
    assert " ".join(home.registry.name(key) for key in keys) == names
    if selector is not None:
        assert all(map(home.registry.select(selector), keys))


def test_a_glob_follows_new_devices() -> None:
    home = Home()
    chosen = home.registry.select("hall/*")
    home.hear("zigbee2mqtt/hall/lamp", '{"state": "ON"}')
    assert chosen("zigbee2mqtt:hall/lamp")


def test_a_value_is_found_without_its_instance_when_there_is_one() -> None:
    home = Home()
    home.hear("zigbee2mqtt/a", '{"state_l1": "ON", "power_l1": 1, "power_l2": 2}')
    assert home.registry.value("a", "state") == "on"
    assert home.registry.value("a", "power") is None
    assert home.registry.value("a", "power", "l2") == 2


def test_somebody_elses_command_makes_no_device() -> None:
    home = Home()
    home.hear("zigbee2mqtt/a/set", '{"state": "ON"}')
    assert home.registry.keys() == []


def test_the_echo_of_a_command_is_dated_by_its_arrival() -> None:
    home = Home()
    home.now = 5000.0
    (first,) = home.hear("zigbee2mqtt/a", '{"state": "OFF", "last_seen": 3000}')
    home.hear(LIST, '[{"ieee_address": "0x01", "friendly_name": "b"}]')
    (echo,) = home.hear("zigbee2mqtt/a", '{"state": "ON", "last_seen": 3000}')
    assert (first.ts, echo.ts) == (3000.0, 5000.0)
