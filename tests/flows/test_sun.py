"""The sun over the home."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from flows.sun import Sun, sun_function
from flows.virtual_clock import VirtualClock
from pipelines import nowhere
from pipelines.ports import Home
from pipelines.scope import RunView, Scope
from pipelines.step import StepFailed
from schemas.event import Event
from tests.flows.rehearsing import compiled_text

BERLIN = Home("home", "Europe/Berlin", 52.52, 13.40)
SPITSBERGEN = Home("home", "Arctic/Longyearbyen", 78.22, 15.65)
AUCKLAND = Home("home", "Pacific/Auckland", -36.85, 174.76)
NOON = datetime(2026, 6, 21, 12, tzinfo=UTC)


def test_sunset_in_berlin_at_midsummer() -> None:
    sunset = Sun(BERLIN).next("sunset", NOON.timestamp())
    assert sunset == pytest.approx(datetime(2026, 6, 21, 19, 33, tzinfo=UTC).timestamp(), abs=90)


@pytest.mark.parametrize("home", [BERLIN, AUCKLAND], ids=["west", "east of everything"])
@pytest.mark.parametrize("event", ["sunrise", "sunset", "dawn", "dusk", "noon", "midnight"])
def test_every_event_comes_once_a_day_all_year(home: Home, event: str) -> None:
    sun, at = Sun(home), datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    for _ in range(365):
        following = sun.next(event, at)
        assert following is not None
        assert following - at < timedelta(hours=24, minutes=5).total_seconds()
        assert sun.last(event, following - 1) in (at, None) or at == 1_767_225_600
        assert sun.last(event, following) == following
        at = following


def test_where_the_sun_does_not_set_the_next_sunset_is_months_away() -> None:
    sun, now = Sun(SPITSBERGEN), NOON.timestamp()
    sunset = sun.next("sunset", now)
    assert sunset is not None
    assert sunset - now > 50 * 86_400
    assert sun.is_up(now)


@pytest.mark.parametrize(("month", "is_night"), [(6, False), (12, True)])
def test_the_night_of_a_condition_is_that_of_the_poles(month: int, is_night: bool) -> None:
    clock = VirtualClock(datetime(2026, month, 21, 12, tzinfo=UTC).timestamp())
    ports = msgspec.structs.replace(nowhere.ports(SPITSBERGEN), clock=clock)
    text = "conditions: [{sun: {after: sunset, before: sunrise}}]\nid: a\nsteps: [stop]"
    ((plan,), problems) = compiled_text(text, ports)
    assert not problems
    assert plan.test is not None
    scope = Scope(trigger={}, event=Event(0, 0, 0, "", ""), inputs={}, run=RunView(0, "a", "", 0.0))
    assert plan.test(scope) is is_night


def test_an_offset_moves_the_event() -> None:
    sun, now = Sun(BERLIN), NOON.timestamp()
    sunset = sun.next("sunset", now)
    assert sunset is not None
    assert sun.next("sunset", now, -1800) == sunset - 1800
    assert sun.next("sunset", sunset + 60, 1800) == sunset + 1800
    assert sun.last("sunset", sunset, -1800) == sunset - 1800


def test_expressions_see_where_it_stands() -> None:
    told = sun_function(BERLIN, NOON.timestamp)()
    assert told["up"] is True
    assert told["state"] == "above_horizon"
    assert told["elevation"] == pytest.approx(60, abs=2)
    assert told["next_setting"].timestamp() == told["sunset"]


def test_without_a_place_there_is_no_sun() -> None:
    with pytest.raises(ValueError, match="place of the home"):
        Sun(Home())


def test_a_home_without_a_place_is_warned_and_its_condition_fails_aloud() -> None:
    text = "conditions: [{sun: {after: sunset}}]\ntriggers: [{sun: sunset}]\nid: a\nsteps: [stop]"
    ((plan,), problems) = compiled_text(text, nowhere.ports(Home()))
    assert [problem.severity for problem in problems] == ["warning", "warning"]
    assert plan.test is not None
    with pytest.raises(StepFailed, match="place of the home"):
        plan.test(_scope())


def _scope() -> Scope:
    return Scope(trigger={}, event=Event(0, 0, 0, "", ""), inputs={}, run=RunView(0, "a", "", 0.0))
