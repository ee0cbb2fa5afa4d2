"""A clock that is set while the agent runs, or was wrong: nothing falls silent, nothing storms."""

from __future__ import annotations

import asyncio

import pytest

from edge_agent.clock import SystemClock, uptime
from flows.virtual_clock import VirtualClock
from tests.flows.house import START, House

HOUR, DAY, YEAR = 3600.0, 86_400.0, 365 * 86_400.0
DAILY = 'id: daily\ntriggers: [{at: "07:00"}]\nsteps: [{publish: {topic: out, payload: daily}}]'
BEAT = "id: beat\ntriggers: [{every: 10m}]\nsteps: [{publish: {topic: out, payload: beat}}]"
MAKES_UP = DAILY.replace("triggers", "missed: run\ntriggers")
HELD = """
id: held
triggers: [{reading: {device: a, property: temperature, above: 20, for: 5m}}]
steps: [{publish: {topic: out, payload: held}}]
"""
WAITS = """
id: waits
mode: parallel
triggers: [{mqtt: go}]
steps:
  - repeat: {count: 2, steps: [{delay: 5m}, {publish: {topic: out, payload: "{{ repeat.index }}"}}]}
  - wait_for: {triggers: [{mqtt: never}]}
    timeout: 5m
    on_error: continue
  - publish: {topic: out, payload: over}
"""


def _at(clock: str) -> float:
    """A time of the first day of 2026 in Berlin."""
    hours, minutes = clock.split(":")
    return START - HOUR + int(hours) * HOUR + int(minutes) * 60.0


def _sent(house: House) -> list[str]:
    return [text.decode() if isinstance(text, bytes) else str(text) for text in house.sent]


def _house(start: float, *texts: str) -> House:
    house = House()
    house.clock.set(start - house.clock.now())
    house.load(*texts)
    return house


def _reboot(house: House, now: float, *texts: str) -> None:
    """The agent is gone without a word, and starts with this on its clock."""
    house.clock = VirtualClock(now)
    house.engine = house._engine()
    house.load(*texts)


@pytest.mark.parametrize("by", [60.0, -60.0, HOUR, -HOUR, 50 * YEAR, -20 * YEAR])
def test_waits_are_as_long_as_they_say_whatever_is_done_to_the_clock(by: float) -> None:
    house = _house(START, WAITS, HELD)
    house.message("go")
    house.report("a", "temperature", 10)
    house.report("a", "temperature", 30)
    house.pass_(60)
    house.clock.set(by)
    house.pass_(239)
    assert _sent(house) == []
    house.pass_(1)
    assert sorted(_sent(house)) == ["1", "held"]
    house.clock.set(-by / 2)
    house.pass_(300)
    assert _sent(house) == ["2"]
    house.pass_(60)
    house.clock.set(by)
    house.pass_(239)
    assert _sent(house) == []
    house.pass_(1)
    assert _sent(house) == ["over"]


@pytest.mark.parametrize("by", [60.0, -HOUR, 50 * YEAR, -20 * YEAR])
def test_what_was_left_of_a_wait_outlives_the_agent_too(by: float) -> None:
    house = _house(START, WAITS)
    house.message("go")
    house.pass_(60)
    house.clock.set(by)
    _reboot(house, house.clock.now() + 30.0, WAITS)
    house.pass_(209)
    assert _sent(house) == []
    house.pass_(1)
    assert _sent(house) == ["1"]


def test_a_small_step_over_a_time_of_day_does_not_lose_it() -> None:
    house = _house(_at("6:30"), DAILY)
    house.clock.set(HOUR)
    house.pass_(1)
    assert _sent(house) == ["daily"]
    house.pass_(HOUR)
    assert _sent(house) == []


def test_a_time_of_day_that_has_come_does_not_come_again_after_a_small_step_back() -> None:
    house = _house(_at("6:59"), DAILY)
    house.pass_(120)
    assert _sent(house) == ["daily"]
    house.clock.set(-HOUR)
    house.pass_(4 * HOUR)
    assert _sent(house) == []
    house.pass_(21 * HOUR)
    assert _sent(house) == ["daily"]


@pytest.mark.parametrize("by", [-HOUR, -20 * YEAR, HOUR, 20 * YEAR])
def test_a_beat_goes_on_at_once_and_does_not_make_up_for_years(by: float) -> None:
    house = _house(START + 1.0, BEAT)
    house.pass_(HOUR)
    assert _sent(house) == ["beat"] * 6
    house.clock.set(by)
    house.pass_(HOUR)
    assert 6 <= len(_sent(house)) <= 7


@pytest.mark.parametrize(("text", "times"), [(DAILY, 0), (MAKES_UP, 1)])
def test_a_large_step_is_as_a_time_in_which_the_agent_was_down(text: str, times: int) -> None:
    house = _house(_at("6:00"), text)
    house.clock.set(30 * DAY + 4 * HOUR)
    house.pass_(1)
    assert _sent(house) == ["daily"] * times
    house.pass_(21.5 * HOUR)
    assert _sent(house) == ["daily"]


def test_a_clock_set_back_by_years_does_not_silence_a_time_of_day() -> None:
    house = _house(_at("6:00") + 10 * YEAR, DAILY)
    house.pass_(60)
    house.clock.set(_at("6:30") - house.clock.now())
    house.pass_(HOUR)
    assert _sent(house) == ["daily"]


@pytest.mark.parametrize(("text", "times"), [(DAILY, 0), (MAKES_UP, 1)])
def test_a_board_without_a_battery_starts_in_1970_until_its_clock_is_set(
    text: str, times: int
) -> None:
    house = _house(_at("6:00"), text, BEAT, WAITS)
    house.message("go")
    house.pass_(60)
    _sent(house)
    _reboot(house, 1_000.0, text, BEAT, WAITS)
    house.pass_(700)
    assert _sent(house) == ["beat"]
    house.clock.set(_at("9:01") - house.clock.now())
    house.pass_(1)
    assert sorted(_sent(house)) == ["1", *["daily"] * times]


def test_after_a_life_in_a_wrong_future_deadlines_are_as_far_away_as_they_were() -> None:
    house = _house(START + 10 * YEAR, WAITS, DAILY, BEAT, HELD)
    house.pass_(40)
    house.message("go")
    house.report("a", "temperature", 10)
    house.report("a", "temperature", 30)
    house.pass_(30)
    _reboot(house, START, WAITS, DAILY, BEAT, HELD)
    house.pass_(330)
    assert sorted(_sent(house)) == ["1", "held"]
    house.pass_(9 * HOUR)
    assert _sent(house).count("daily") == 1


def test_a_start_on_the_time_of_an_hour_ago_runs_nothing_again() -> None:
    house = _house(_at("6:30"), MAKES_UP)
    house.pass_(HOUR)
    assert _sent(house) == ["daily"]
    _reboot(house, _at("6:45"), MAKES_UP)
    house.pass_(30 * 60)
    house.clock.set(HOUR)
    house.pass_(HOUR)
    assert _sent(house) == []


def test_the_clock_of_the_system_notices_that_it_was_set() -> None:
    async def play() -> tuple[list[str], list[float]]:
        wall = [1_000.0]
        clock = SystemClock(lambda: wall[0] + asyncio.get_running_loop().time(), uptime)
        called, told, now = list[str](), list[float](), clock.now()
        done = asyncio.Event()
        clock.on_set(told.append)
        clock.call_at(now + 0.03, done.set)
        clock.at_wall(now + HOUR, lambda: called.append("on the wall"))
        clock.call_at(now + HOUR, lambda: called.append("an hour"))
        wall[0] += 2 * HOUR
        clock.notice()
        wall[0] += 0.5  # its speed is adjusted
        clock.notice()
        await done.wait()
        return called, told

    called, told = asyncio.run(play())
    assert called == ["on the wall"]
    assert told == [pytest.approx(2 * HOUR, abs=0.1)]
