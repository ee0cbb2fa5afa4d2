"""Devices, profiles and settings follow their files; what cannot is told to need a restart."""

from pathlib import Path
from typing import Any

from edge_agent.devices.profiles import load_profiles
from edge_agent.devices.registry import Registry
from edge_agent.reloading.beside import DevicesFile, ProfileFiles, SettingsFile
from firmware_profiles.profiles import Profiles
from pipelines.settings import load_devices
from tests.reloading.conftest import Site

DEVICES = "freezer: {key: 'zigbee2mqtt:0x1', area: cellar, labels: {cold: 'yes'}}\n"
PROBE = """
profile: probe
messages:
  - topic: "probe/{device}"
    fields: {t: temperature °C}
"""


def _registry(home: Path) -> Registry:
    def nothing(*_: Any) -> Any:
        raise AssertionError

    return Registry(load_devices(home)[0], encode=nothing, send=nothing)


async def test_names_and_areas_of_devices_follow_their_file(site: Site) -> None:
    site.write("devices.yaml", DEVICES)
    registry = _registry(site.home)
    site.beside = [DevicesFile(site.home, registry)]
    site.start()
    chosen = registry.select("icebox")
    assert not chosen("zigbee2mqtt:0x1")
    site.write("devices.yaml", DEVICES.replace("freezer", "icebox").replace("cellar", "attic"))
    await site.reload()
    assert chosen("zigbee2mqtt:0x1")
    device = registry.get("icebox")
    assert device is not None and (device.area, device.name) == ("attic", "icebox")
    site.write("devices.yaml", "lamp: {key: 'zigbee2mqtt:0x2'}\n")
    await site.reload()
    assert (device.name, device.area, device.labels) == ("0x1", None, {})
    assert registry.get("lamp") is not None


async def test_a_wrong_file_of_devices_changes_nothing_and_is_told(site: Site) -> None:
    site.write("devices.yaml", DEVICES)
    registry = _registry(site.home)
    site.beside = [DevicesFile(site.home, registry)]
    site.start()
    site.write("devices.yaml", "freezer: {kex: 1}\n")
    answer = await site.reload()
    assert {problem.file for problem in answer.problems} == {"devices.yaml"}
    assert registry.get("freezer") is not None


async def test_rules_of_profiles_follow_their_files(site: Site) -> None:
    site.write("profiles/probe.yaml", PROBE)
    found, problems = load_profiles(site.home)
    profiles = Profiles(found)
    site.beside = [ProfileFiles(site.home, profiles, problems)]
    site.start()
    learnt = [each for each in profiles.decoders if each.firmware == "zigbee2mqtt"]
    site.write("profiles/probe.yaml", PROBE.replace("probe/{", "sonde/{"))
    await site.reload()
    assert profiles.decode("probe/a", b"", {"t": 1}, False) is None
    said = profiles.decode("sonde/a", b"", {"t": 1}, False)
    assert said is not None and said.readings[0].value == 1
    assert "sonde/+" in profiles.topics()
    assert [each for each in profiles.decoders if each.firmware == "zigbee2mqtt"] == learnt


async def test_what_lies_over_a_shipped_decoder_takes_a_restart(site: Site) -> None:
    found, problems = load_profiles(site.home)
    profiles = Profiles(found)
    site.beside = [ProfileFiles(site.home, profiles, problems)]
    site.start()
    site.write("profiles/z.yaml", "profile: zigbee2mqtt\nfields: {odd: temperature °C}\n")
    answer = await site.reload()
    assert answer.restart == ["profile zigbee2mqtt"] and answer.problems == []


async def test_settings_that_changed_take_a_restart_and_new_secrets_are_masked(
    site: Site,
) -> None:
    masked: list[frozenset[str]] = []
    site.write("hearth.yaml", "agent: {name: home}\n")
    site.beside = [SettingsFile(site.home, {}, masked.append)]
    site.start()
    site.write("hearth.yaml", "agent: {name: house}\nmqtt: {host: x, password: !secret mqtt}\n")
    site.write("secrets.yaml", "mqtt: hush hush\n")
    answer = await site.reload()
    assert answer.restart == ["hearth.yaml: agent", "hearth.yaml: mqtt"]
    assert masked == [frozenset({"hush hush"})]
    site.write("hearth.yaml", "agent: {name: home}\n")
    assert (await site.reload()).restart == []
