"""Devices that fall silent: when they become unavailable, and when they do not."""

import asyncio
from collections.abc import Sequence

from edge_agent.devices.patience import Patience, rules_of
from edge_agent.devices.profiles import load_profiles
from edge_agent.devices.registry import Registry
from edge_agent.devices.silence import SilenceWatch
from firmware_profiles.payloads import parse
from firmware_profiles.profiles import Profiles
from flows.virtual_clock import VirtualClock
from schemas.device import Change
from schemas.event import Event
from schemas.profile import MessageRule, Profile, SilenceRule
from schemas.settings import DeviceSettings

HOUR = 3600.0
PROBES = Profile(
    profile="probes",
    messages=[
        MessageRule(topic="probes/{device}/data"),
        MessageRule(topic="probes/{device}/lwt", channel="availability"),
    ],
    silence=SilenceRule(after="2h", reports=["battery", "temperature"]),
)


class Home:
    """A registry whose silence is watched on a clock turned by hand."""

    def __init__(self, **devices: DeviceSettings) -> None:
        profiles = [PROBES, *load_profiles()[0]]
        self.clock = VirtualClock(1_000_000.0)
        self.profiles = Profiles(profiles)
        self.registry = Registry(
            devices,
            encode=self.profiles.encode,
            send=lambda publication, run: None,
            patience=Patience(rules_of(profiles)),
        )
        self.told: list[tuple[str, bool, float]] = []
        self.watch = SilenceWatch(self.registry.availability, self.clock, self._tell)

    def _tell(self, event: Event, changes: Sequence[Change]) -> None:
        self._note(changes)

    def _note(self, changes: Sequence[Change]) -> None:
        hours = round((self.clock.now() - 1_000_000.0) / HOUR, 1)
        self.told += [(c.key, c.value, hours) for c in changes if c.property == "available"]

    def hear(self, topic: str, payload: str, *, retain: bool = False) -> None:
        now, raw = self.clock.now(), payload.encode()
        said = self.profiles.decode(topic, raw, parse(raw), retain)
        assert said is not None
        event = Event(1, now, now, "mqtt", topic, parse(raw), raw, retain)
        self._note(self.registry.apply(said, event))

    def pass_hours(self, hours: float) -> None:
        asyncio.run(self.clock.advance(hours * HOUR))


def listening(**devices: DeviceSettings) -> Home:
    home = Home(**devices)
    home.watch.start(away=0.0)
    home.watch.connected(True)
    return home


def test_a_device_is_there_when_heard_away_when_silent_and_there_again_with_its_next_message() -> (
    None
):
    home = listening()
    home.hear("probes/a/data", '{"temperature": 20}')
    home.pass_hours(1.9)
    assert home.told == [("probes:a", True, 0.0)]
    home.pass_hours(0.3)
    assert home.told[1:] == [("probes:a", False, 2.0)]
    home.hear("probes/a/data", '{"temperature": 20}')
    assert home.told[2:] == [("probes:a", True, 2.2)]


def test_a_device_that_says_so_itself_is_not_judged_by_its_silence() -> None:
    home = listening()
    home.hear("probes/a/lwt", "online")
    home.hear("probes/a/data", '{"temperature": 20}')
    home.pass_hours(100)
    assert home.told == [("probes:a", True, 0.0)]


def test_only_what_reports_the_named_properties_is_waited_for() -> None:
    home = listening()
    home.hear("probes/button/data", '{"action": "single"}')
    home.pass_hours(100)
    assert home.told == []


def test_of_several_probes_in_one_device_one_is_enough() -> None:
    home = listening()
    home.hear("home/gw/BTtoMQTT/AABBCCDDEEFF", '{"id":"AA:BB:CC:DD:EE:FF","tempc":20,"tempc2":30}')
    home.pass_hours(26)
    assert home.told == [
        ("openmqttgateway:AABBCCDDEEFF", True, 0.0),
        ("openmqttgateway:AABBCCDDEEFF", False, 25.0),
    ]


def test_what_the_user_says_of_a_device_wins() -> None:
    home = listening(
        a=DeviceSettings(key="probes:a", silent_after="30m"),
        b=DeviceSettings(key="probes:b", silent_after="0s"),
    )
    for name in "ab":
        home.hear(f"probes/{name}/lwt", "online")
        home.hear(f"probes/{name}/data", '{"temperature": 20}')
    home.pass_hours(3)
    assert home.told[2:] == [("probes:a", False, 0.5)]


def test_discovery_says_when_a_sensor_expires() -> None:
    home = listening()
    config = (
        '{"stat_t": "attic/t", "dev_cla": "temperature", "exp_aft": 600, "uniq_id": "t",'
        ' "dev": {"ids": "attic"}}'
    )
    home.hear("homeassistant/sensor/attic/t/config", config, retain=True)
    home.hear("attic/t", "20")
    home.pass_hours(1)
    assert home.told == [("ha-discovery:attic", True, 0.0), ("ha-discovery:attic", False, 0.2)]


def test_time_in_which_nobody_could_be_heard_is_no_silence() -> None:
    home = listening()
    home.hear("probes/a/data", '{"temperature": 20}')
    home.pass_hours(1)
    home.watch.connected(False)
    home.pass_hours(10)
    home.watch.connected(True)
    home.pass_hours(0.9)
    assert home.told == [("probes:a", True, 0.0)]
    home.pass_hours(0.2)
    assert home.told[1:] == [("probes:a", False, 12.0)]


def test_a_restart_keeps_the_silence_and_leaves_out_the_time_the_agent_was_down() -> None:
    before, after = listening(), Home()
    before.hear("probes/a/data", '{"temperature": 20}')
    before.pass_hours(1.5)
    after.registry.restore(before.registry.rows())
    after.pass_hours(11.5)
    after.watch = SilenceWatch(after.registry.availability, after.clock, after._tell)
    after.watch.start(away=10 * HOUR)
    after.watch.connected(True)
    after.pass_hours(0.4)
    assert after.told == []
    after.pass_hours(0.2)
    assert after.told == [("probes:a", False, 12.0)]


def test_a_clock_that_jumps_ahead_silences_nobody() -> None:
    home = listening()
    home.hear("probes/a/data", '{"temperature": 20}')
    home.pass_hours(0.1)
    home.clock._now += 1000 * HOUR
    home.pass_hours(1)
    assert home.told == [("probes:a", True, 0.0)]


def test_a_kept_message_does_not_prove_that_the_device_is_there() -> None:
    home = listening()
    home.hear("probes/a/data", '{"temperature": 20}', retain=True)
    home.pass_hours(100)
    assert home.told == []


def test_a_message_that_tells_an_old_time_was_heard_all_the_same() -> None:
    home = listening()
    home.hear("zigbee2mqtt/a", '{"battery": 90, "last_seen": 5000000}')
    home.pass_hours(24)
    assert home.told == [("zigbee2mqtt:a", True, 0.0)]
    home.pass_hours(2)
    assert home.told[1:] == [("zigbee2mqtt:a", False, 25.0)]
