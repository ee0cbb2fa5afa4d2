"""What every shipped profile and its decoder keep to."""

from pathlib import Path

import pytest

from edge_agent.devices.profiles import load_profiles
from firmware_profiles.contract import Unsupported
from firmware_profiles.profiles import Profiles
from schemas.device import Command
from schemas.profile import Profile

CASES = Path(__file__).parents[1] / "cases"
SHIPPED = load_profiles()[0]


@pytest.fixture(params=SHIPPED, ids=lambda profile: profile.profile)
def profile(request: pytest.FixtureRequest) -> Profile:
    shipped: Profile = request.param
    return shipped


def test_a_shipped_profile_says_what_it_is_for_and_how_to_find_it(profile: Profile) -> None:
    assert profile.description
    assert profile.match or profile.messages


def test_a_shipped_profile_has_cases(profile: Profile) -> None:
    name = profile.profile.replace("-", "_")
    assert list((CASES / "decode").glob(f"{name}*.yaml"))
    assert list((CASES / "encode").glob(f"{name}*.yaml"))


def test_a_decoder_leaves_the_topics_of_others_alone(profile: Profile) -> None:
    profiles = Profiles([profile])
    assert profiles.decode("nobody/knows/this", b"{}", {}, False) is None
    assert profiles.rule("nobody/knows/this") == ""


def test_a_decoder_subscribes_to_filters(profile: Profile) -> None:
    filters = Profiles([profile]).topics()
    assert filters
    for each in filters:
        levels = each.split("/")
        assert all(level in ("+", "#") or not set(level) & set("+#{}") for level in levels)
        assert "#" not in levels[:-1]


def test_a_decoder_refuses_what_it_does_not_know(profile: Profile) -> None:
    with pytest.raises(Unsupported):
        Profiles([profile]).encode(profile.profile, "device", Command(do="no such verb"))
    with pytest.raises(Unsupported):
        Profiles([profile]).encode(profile.profile, "device", Command())


def test_a_firmware_without_a_profile_is_refused() -> None:
    with pytest.raises(Unsupported, match="there is no profile for the firmware `nothing`"):
        Profiles(SHIPPED).encode("nothing", "device", Command(do="turn_on"))
