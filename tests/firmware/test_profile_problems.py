"""What is wrong with a profile is said with its place and a hint."""

import json
from pathlib import Path

import pytest

from edge_agent.devices.lines import decode_line
from edge_agent.devices.profiles import decode_profile, load_profiles
from firmware_profiles.language import profile_schema
from firmware_profiles.units import from_canonical, to_canonical
from pipelines.source import Reader
from schemas.problem import Position

HEAD = "profile: p\n"


def said(text: str) -> list[str]:
    reader = Reader()
    tree = reader.parse(text, "p.yaml")
    profile, problems = decode_profile(tree, Position("p.yaml", 1, 1))
    assert (profile is None) == bool(problems)
    return [str(problem).replace("\n  hint: ", " | ") for problem in problems]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("7", "p.yaml:1:1: error: `profile` must be a mapping"),
        ("messages: []", "p.yaml:1:1: error: `profile` needs `profile`"),
        (HEAD, "p.yaml:1:1: error: a profile needs `messages` or `commands`"),
        (
            HEAD + "mesages: []",
            "p.yaml:2:1: error: unknown key `mesages` in `profile` | did you mean `messages`?",
        ),
        (
            HEAD + "messages: [{topic: a/b}]",
            "p.yaml:2:20: error: nothing says whose messages these are"
            " | name a part of the topic `{device}`, or say `device:`",
        ),
        (
            HEAD + "messages:\n  - topic: 'a/{device}'\n    chanel: state",
            "p.yaml:4:5: error: unknown key `chanel` in `messages` | did you mean `channel`?",
        ),
        (
            HEAD + "messages:\n  - topic: 'a/{device}'\n    fields: {t: temperature W}",
            "p.yaml:4:17: error: `t`: `W` cannot be converted to `°C` | `temperature` is in °C",
        ),
        (
            HEAD + "messages: [{topic: 'a/{device:*}/{x:*}'}]",
            "p.yaml:2:20: error: `a/{device:*}/{x:*}`: only one part of a topic may be of any"
            " length",
        ),
        (
            HEAD + "messages: [{topic: 'a/{device', device: d}]",
            "p.yaml:2:20: error: `a/{device`: a part is written `{name}`, `{name:2}` or `{name:*}`",
        ),
        (
            HEAD + "messages: [{topic: 'a/{device}', property: '{prop}'}]",
            "p.yaml:2:44: error: the topic has no part `prop` | the topic names device",
        ),
        (
            HEAD + "commands: [{topic: 'a/{room}/set', set: state}]",
            "p.yaml:2:20: error: no topic has a part `room` | known: device, instance",
        ),
        (
            HEAD + "commands: [{topic: 'a/+/set', set: state}]",
            "p.yaml:2:20: error: a topic to send to has no wildcards",
        ),
        (
            HEAD + "commands: [{topic: a}]",
            "p.yaml:2:12: error: a command has either `set` or `do`"
            " | set: PROPERTY, or do: [VERB, …]",
        ),
        (HEAD + "decoder: nobody", "p.yaml:2:10: error: there is no decoder `nobody`"),
    ],
)
def test_a_mistake_is_told_at_its_place(text: str, problem: str) -> None:
    assert any(each.startswith(problem) for each in said(text)), said(text)


def test_all_mistakes_are_told() -> None:
    text = HEAD + "messages:\n  - {topic: 'a/{device}', x: 1}\n  - {topic: 'b/{device}', y: 1}\n"
    assert len(said(text)) == 2


def test_a_users_profile_comes_before_the_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    own = "profile: mine\nmessages: [{topic: 'zigbee2mqtt/{device}'}]\n"
    (tmp_path / "profiles" / "mine.yaml").write_text(own)
    (tmp_path / "profiles" / "wrong.yaml").write_text("profile: [")
    profiles, problems = load_profiles(tmp_path)
    assert profiles[0].profile == "mine"
    assert [problem.at.file for problem in problems] == ["profiles/wrong.yaml"]


def test_a_profile_with_the_name_of_a_shipped_one_is_laid_over_it(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "z2m.yaml").write_text(
        "profile: zigbee2mqtt\noptions: {base_topics: [home/zb]}\nfields: {odd: power kW}\n"
    )
    profiles, problems = load_profiles(tmp_path)
    assert problems == []
    line = {"topic": "home/zb/a", "payload": {"odd": 2, "local_temperature": 20}}
    assert [each["property"] for each in decode_line(line, profiles)["readings"]] == [
        "power",
        "temperature",
    ]


def test_a_device_of_devices_yaml_is_read_without_a_profile(tmp_path: Path) -> None:
    (tmp_path / "devices.yaml").write_text("attic: {key: 'generic-json:home/attic'}\n")
    said = decode_line({"topic": "home/attic", "payload": {"temp": 20}}, load_profiles(tmp_path)[0])
    assert (said["firmware"], said["device"]) == ("generic-json", "home/attic")


def test_the_language_has_a_schema_with_a_description_of_every_key() -> None:
    schema = profile_schema()
    json.dumps(schema)
    for name, part in schema["$defs"].items():
        assert part["description"], name
        for key, each in part["properties"].items():
            assert each.get("description"), f"{name}.{key}"


@pytest.mark.parametrize(
    ("unit", "canonical", "sent", "value"),
    [
        ("°F", "°C", 212, 100),
        ("mV", "V", 3000, 3),
        ("Wh", "kWh", 1500, 1.5),
        ("W·min", "kWh", 60000, 1),
        ("mired", "K", 250, 4000),
        ("kPa", "hPa", 100, 1000),
        ("km/h", "m/s", 36, 10),
        ("cm", "m", 150, 1.5),
        ("in", "mm", 1, 25.4),
        ("min", "s", 2, 120),
        ("lux", "lx", 5, 5),
    ],
)
def test_a_unit_leads_to_the_canonical_one_and_back(
    unit: str, canonical: str, sent: float, value: float
) -> None:
    assert to_canonical(unit, canonical)(sent) == pytest.approx(value)
    assert from_canonical(unit, canonical)(value) == pytest.approx(sent)


@pytest.mark.parametrize("value", [2.3e-313, 0, -1, 10**400, -(10**400), 1.7e308, "1e-313"])
def test_no_number_is_too_small_or_too_large_to_convert(value: object) -> None:
    assert to_canonical("mired", "K")(value) in (None, 0)
    assert to_canonical("h", "s")(value) is None or abs(float(str(value))) < 1e300


def test_every_profile_in_the_readme_is_right() -> None:
    text = (Path(__file__).parents[2] / "firmware_profiles" / "README.md").read_text("utf-8")
    blocks = [block.partition("```")[0] for block in text.split("```yaml\n")[1:]]
    assert len(blocks) == 3
    whole = [block if "profile:" in block else f"profile: part\n{block}" for block in blocks]
    assert [said(block) for block in whole] == [[], [], []]
