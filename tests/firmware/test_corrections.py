"""What messages were taken for before discovery told better leaves nothing behind."""

from edge_agent.devices.profiles import load_profiles
from firmware_profiles.profiles import Profiles
from schemas.profile import MessageRule, Profile
from tests.firmware.test_registry import Home

SENSOR = "homeassistant/sensor/n/{0}/config"


def test_a_name_that_discovery_corrects_leaves_nothing_behind() -> None:
    home = Home()
    home.hear("n/sensor/use/state", "5")
    config = '{"uniq_id": "ESPsensoruse", "dev_cla": "power", "unit_of_meas": "W", "stat_t": '
    home.hear(SENSOR.format("use"), config + '"n/sensor/use/state", "dev": {"ids": "1"}}')
    home.hear("n/sensor/use/state", "6")
    device = home.registry.get("esphome:n")
    assert device is not None
    assert list(device.values) == [("power", "use")]


def test_a_device_that_discovery_knows_better_is_one_device() -> None:
    home = Home()
    home.hear("n/sensor/use/state", "5")
    config = '{"uniq_id": "x-1", "unit_of_meas": "W", "stat_t": "n/sensor/use/state", '
    home.hear(SENSOR.format("use"), config + '"dev": {"ids": "1"}}')
    home.hear("n/sensor/use/state", "6")
    assert home.registry.keys() == ["ha-discovery:1"]


def test_objects_that_tell_other_keys_are_not_corrected() -> None:
    home = Home()
    home.hear("plug/status/switch:0", '{"apower": 5}')
    config = '{"uniq_id": "ESPsensoruse", "stat_t": "n/sensor/use/state", "dev": {"ids": "1"}}'
    home.hear(SENSOR.format("use"), config)
    home.hear("plug/status/switch:0", '{"voltage": 230}')
    device = home.registry.get("shelly:plug")
    assert device is not None
    assert list(device.values) == [("power", "0"), ("voltage", "0")]


def test_a_topic_of_several_devices_takes_nothing_from_the_first() -> None:
    profile = Profile(
        profile="hub", messages=[MessageRule(topic="hub/all", device="{id}", channel="state")]
    )
    home = Home()
    home.profiles = Profiles([profile, *load_profiles()[0]])
    for device in ("a", "b"):
        home.hear("hub/all", f'{{"id": "{device}", "power": 5}}')
        config = f'{{"uniq_id": "x-{device}", "stat_t": "{device}/x", "dev": {{"ids": "1"}}}}'
        home.hear(SENSOR.format(device), config)
    assert home.registry.value("hub:a", "power") == home.registry.value("hub:b", "power") == 5
