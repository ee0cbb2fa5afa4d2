"""The demo's parts: devices that obey, a home that checks, a screen that tells."""

import asyncio
import json
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from edge_agent.demo.devices import ANSWER_SECONDS, SimulatedDevices, obeyed
from edge_agent.demo.home import make_home
from edge_agent.demo.page import page
from edge_agent.demo.screen import described
from edge_agent.devices.profiles import load_profiles
from edge_agent.loading import check_home
from firmware_profiles.payloads import parse
from firmware_profiles.profiles import Profiles

Sent = list[tuple[str, str, bool]]
UTC = ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("state", "command", "expected"),
    [
        ({"state": "OFF"}, {"state": "ON", "brightness": 9}, {"state": "ON", "brightness": 9}),
        ({"state": "ON"}, {"state": "TOGGLE"}, {"state": "OFF"}),
        ({"state": "ON"}, {"state": "OFF", "transition": 3}, {"state": "OFF"}),
        (
            {"state": "OPEN", "position": 40},
            {"state": "CLOSE"},
            {"state": "CLOSE", "position": 0},
        ),
        ({"state": "CLOSE", "position": 0}, {"position": 30}, {"state": "OPEN", "position": 30}),
        ({"action": "single", "battery": 9}, {}, {"battery": 9}),
    ],
)
def test_a_device_obeys(
    state: dict[str, object], command: dict[str, object], expected: dict[str, object]
) -> None:
    assert obeyed(state, command) == expected


def announced() -> Sent:
    sent: Sent = []
    SimulatedDevices(
        lambda topic, payload, retain: sent.append((topic, payload, retain))
    ).announce()
    return sent


def test_the_network_announces_itself_with_kept_messages() -> None:
    sent = announced()
    assert sent[1][0] == "zigbee2mqtt/bridge/devices"
    assert all(retain for _, _, retain in sent)


def test_the_profile_understands_every_device_of_the_network() -> None:
    profiles = Profiles(load_profiles()[0])
    for topic, payload, retain in announced():
        decoded = profiles.decode(topic, payload.encode(), parse(payload.encode()), retain)
        assert decoded is not None and not decoded.parse_error, topic


def test_a_command_is_answered_by_the_new_state() -> None:
    sent: Sent = []

    async def told() -> None:
        loop = asyncio.get_running_loop()
        devices = SimulatedDevices(lambda *message: sent.append(message))
        lamp = "zigbee2mqtt/Inrr RGBCTT light"
        devices.received(f"{lamp}/set", b'{"state": "ON", "brightness": 10}')
        devices.received(f"{lamp}/set", b"no json")
        devices.received("zigbee2mqtt/nobody/set", b"{}")
        answered = loop.create_future()
        loop.call_later(ANSWER_SECONDS * 1.1, answered.set_result, None)
        await answered

    asyncio.run(told())
    (topic, payload, retain), *others = sent
    assert topic == "zigbee2mqtt/Inrr RGBCTT light" and not retain and not others
    assert json.loads(payload)["brightness"] == 10


def test_the_demos_home_has_no_problems(tmp_path: Path) -> None:
    home = make_home(tmp_path / "demo", lambda home: False, "Europe/Rome")
    assert not check_home(home, (), {})
    assert len(list((home / "pipelines").glob("*.yaml"))) == 5


def test_a_demos_home_is_made_anew_but_nobody_elses(tmp_path: Path) -> None:
    home = make_home(tmp_path / "demo", lambda home: False, "Europe/Rome")
    (home / "pipelines" / "mine.yaml").touch()
    assert not (
        make_home(home, lambda home: False, "Europe/Rome") / "pipelines" / "mine.yaml"
    ).exists()
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").touch()
    with pytest.raises(FileExistsError):
        make_home(tmp_path / "photos", lambda home: False, "Europe/Rome")
    assert (tmp_path / "photos" / "cat.jpg").exists()


def test_a_demo_that_runs_keeps_its_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = make_home(None, lambda home: False, "Europe/Rome")
    assert first == tmp_path / "hearthflow" / "demo"
    assert make_home(None, lambda home: home == first, "UTC") != first


READING = {
    "ts": "2026-01-10T12:00:00Z",
    "device": "hall",
    "property": "occupancy",
    "value": True,
    "previous": False,
    "unit": None,
    "instance": None,
}
RUN = {
    "pipeline": "light",
    "state": "completed",
    "started": "2026-01-10T12:00:00Z",
    "finished": "2026-01-10T12:00:00.0015Z",
    "error": "",
}
EFFECT = {
    "pipeline": "light",
    "effect": {
        "ts": "2026-01-10T12:00:00Z",
        "kind": "device",
        "target": "lamp",
        "payload": {"set": {"state": "on"}},
    },
}


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        ("reading", READING, "12:00:00 hall occupancy yes"),
        ("run", RUN, "12:00:00 ✓ light completed 1.5 ms"),
        ("effect", EFFECT, "12:00:00   → device lamp state=on (light)"),
    ],
)
def test_the_screen_tells_what_happens(kind: str, data: dict[str, object], text: str) -> None:
    line = described(kind, data, UTC)
    assert line is not None and line.plain == text


def test_the_screen_leaves_out_what_did_not_change_and_what_is_noise() -> None:
    assert described("reading", READING | {"previous": True}, UTC) is None
    assert described("reading", READING | {"property": "linkquality"}, UTC) is None
    assert described("event", {}, UTC) is None


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("height", [24, 50])
def test_the_screen_shows_whole_names_on_any_terminal(width: int, height: int) -> None:
    reading, effect = described("reading", READING, UTC), described("effect", EFFECT, UTC)
    assert reading is not None and effect is not None
    screen = StringIO()
    console = Console(file=screen, width=width, height=height)
    tail = "hearth query 'select device, avg(value) from readings group by 1'"
    console.print(page("home  /h", tail, [reading], [effect], width=width, height=height))
    shown = screen.getvalue()
    assert "12:00:00 hall occup" in shown and "12:00:00   → device lamp sta" in shown
    assert "hearth query" in shown and len(shown.rstrip().splitlines()) == height
