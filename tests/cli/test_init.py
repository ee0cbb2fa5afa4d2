"""`hearth init`: a home that works."""

from io import StringIO
from pathlib import Path

import pytest

from pipelines.settings import load_devices, load_settings
from tests.cli.conftest import Hearth
from tests.disks import SmallDisk, small_disk

__all__ = ["small_disk"]


def test_the_written_home_has_no_problems(hearth: Hearth, tmp_path: Path) -> None:
    flags = ["--name", "barn", "--time-zone", "Europe/Berlin", "--latitude", "52.5"]
    flags += ["--longitude", "13.4", "--broker", "mq.example:1884", "--username", "me"]
    result = hearth("init", tmp_path, *flags, "--password", 'a "b": #c', "--yes")
    assert result.code == 0
    settings, problems = load_settings(tmp_path, {})
    assert not problems and not load_devices(tmp_path)[1]
    assert (settings.agent.name, settings.agent.time_zone) == ("barn", "Europe/Berlin")
    assert (settings.agent.latitude, settings.agent.longitude) == (52.5, 13.4)
    assert (settings.mqtt.host, settings.mqtt.port) == ("mq.example", 1884)
    assert (settings.mqtt.username, settings.mqtt.password) == ("me", 'a "b": #c')


def test_secrets_are_their_owners_alone_and_not_in_the_settings(
    hearth: Hearth, tmp_path: Path
) -> None:
    hearth("init", tmp_path, "--broker", "h", "--username", "u", "--password", "hush", "--yes")
    assert (tmp_path / "secrets.yaml").stat().st_mode & 0o777 == 0o600
    assert "hush" in (tmp_path / "secrets.yaml").read_text()
    assert "hush" not in (tmp_path / "hearth.yaml").read_text()


def test_without_a_broker_the_embedded_one_is_left_to_be_used(hearth: Hearth, home: Path) -> None:
    assert load_settings(home, {})[0].mqtt.host is None


def test_a_home_that_is_there_is_left_alone(hearth: Hearth, home: Path) -> None:
    (home / "hearth.yaml").write_text("agent: {name: mine}\n")
    result = hearth("init", home, "--yes")
    assert result.code == 1 and "is a home already" in result.err
    assert (home / "hearth.yaml").read_text() == "agent: {name: mine}\n"


def test_a_misspelt_time_zone_is_refused_with_the_nearest(hearth: Hearth, tmp_path: Path) -> None:
    result = hearth("init", tmp_path, "--time-zone", "Europe/Berln", "--yes")
    assert result.code == 1 and "did you mean `Europe/Berlin`?" in result.err
    assert not (tmp_path / "hearth.yaml").exists()


def test_half_a_place_is_a_wrong_command_line(hearth: Hearth, tmp_path: Path) -> None:
    assert hearth("init", tmp_path, "--latitude", "50", "--yes").code == 2


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("mq.example", "mq.example", 1883),
        ("mqtt://10.0.0.2:1884", "10.0.0.2", 1884),
        ("[::1]:1884", "::1", 1884),
        ("2001:db8::1", "2001:db8::1", 1883),
        ("", None, 1883),
    ],
)
def test_a_broker_is_named_by_its_host_and_port(
    hearth: Hearth, tmp_path: Path, text: str, host: str | None, port: int
) -> None:
    assert hearth("init", tmp_path, "--broker", text, "--yes").code == 0
    mqtt = load_settings(tmp_path, {})[0].mqtt
    assert (mqtt.host, mqtt.port) == (host, port)


@pytest.mark.parametrize("text", [":1883", "h:0", "h:99999", "h:x", "mqtts://h", "me@h", "h/x"])
def test_what_is_no_broker_is_a_wrong_command_line(
    hearth: Hearth, tmp_path: Path, text: str
) -> None:
    result = hearth("init", tmp_path / "home", "--broker", text, "--yes")
    assert result.code == 2 and "--broker: write it HOST or HOST:PORT." in result.err
    assert not (tmp_path / "home").exists()


def test_a_password_without_a_broker_is_a_wrong_command_line(
    hearth: Hearth, tmp_path: Path
) -> None:
    assert hearth("init", tmp_path / "home", "--password", "hush", "--yes").code == 2


def test_an_empty_name_is_the_hosts(hearth: Hearth, tmp_path: Path) -> None:
    assert hearth("init", tmp_path, "--name", "", "--yes").code == 0
    assert load_settings(tmp_path, {})[0].agent.name


def test_what_check_would_refuse_is_not_written(hearth: Hearth, tmp_path: Path) -> None:
    result = hearth("init", tmp_path / "home", "--name", "a/#", "--yes")
    told = "--name: error: the name becomes part of topics: no `/`, `+` or `#`\n"
    assert (result.code, result.err) == (1, told)
    assert not (tmp_path / "home").exists()


def test_a_file_in_the_homes_place_is_named(hearth: Hearth, tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    result = hearth("init", tmp_path / "home", "--yes")
    assert result.code == 1 and result.err.endswith("home/pipelines: error: Not a directory\n")


def test_on_a_full_disk_the_file_is_named_and_there_is_no_home(
    hearth: Hearth, small_disk: SmallDisk
) -> None:
    (small_disk.folder / "fill").write_bytes(bytes(8 << 20))
    result = hearth("init", small_disk.folder / "home", "--yes")
    assert result.code == 3 and "devices.yaml: error: No space left on device" in result.err
    (small_disk.folder / "fill").unlink()
    assert hearth("init", small_disk.folder / "home", "--yes").code == 0
    assert not load_settings(small_disk.folder / "home", {})[1]


class Terminal(StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


def test_a_wrong_answer_is_asked_for_again(
    hearth: Hearth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = [
        "a/b",
        "barn",
        "Europe/Berln",
        "Europe/Berlin",
        "y",
        "95",
        "52",
        "x",
        "13",
        "h:x",
        "10.0.0.1",
    ]
    monkeypatch.setattr("sys.stdin", Terminal("\n".join([*typed, "", ""])))
    result = hearth("init", tmp_path)
    assert result.code == 0, result.err
    assert "Error: no time zone `Europe/Berln`; did you mean `Europe/Berlin`?" in result.out
    settings, problems = load_settings(tmp_path, {})
    agent = settings.agent
    assert not problems and (agent.name, agent.time_zone) == ("barn", "Europe/Berlin")
    assert (agent.latitude, agent.longitude, settings.mqtt.host) == (52, 13, "10.0.0.1")
