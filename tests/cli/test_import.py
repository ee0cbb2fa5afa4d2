"""`hearth import`: files of Home Assistant become files of the home, and edits are kept."""

import json
from pathlib import Path

import pytest

from pipelines.settings import load_settings
from tests.cli.conftest import Hearth

AUTOMATIONS = """
- alias: Hall light
  trigger:
    - platform: state
      entity_id: binary_sensor.hall_motion
      to: "on"
  action:
    - service: light.turn_on
      target: {entity_id: light.hall}
    - service: notify.family
      data: {message: hello}
    - service: camera.snapshot
      data: {entity_id: camera.porch}
"""


@pytest.fixture
def automations(tmp_path: Path) -> Path:
    file = tmp_path / "automations.yaml"
    file.write_text(AUTOMATIONS)
    return file


def test_a_home_with_imported_pipelines_has_no_problems(
    hearth: Hearth, home: Path, automations: Path
) -> None:
    result = hearth("import", automations, "--home", home)
    assert result.code == 0, result.err
    assert "hall-light  1     written" in result.out
    assert "automations.yaml:12:7: step `camera.snapshot`: cameras" in result.out
    assert "0 imported whole, 1 with gaps" in result.err
    assert "names no target under `notify:` for family" in result.err
    assert hearth("check", "--home", home).code == 0


def test_a_corrected_table_is_followed_and_kept(
    hearth: Hearth, home: Path, automations: Path
) -> None:
    hearth("import", automations, "--home", home)
    table = home / "home_assistant.yaml"
    text = table.read_text()
    assert "  binary_sensor.hall_motion: {device: hall_motion, property: occupancy}" in text
    mine = text.replace("{device: hall_motion,", "{device: stairs_pir,  # really\n    ")
    table.write_text(mine)
    assert "written again" in hearth("import", automations, "--home", home).out
    assert table.read_text() == mine
    assert "device: stairs_pir" in (home / "pipelines" / "hall-light.yaml").read_text()


def test_new_entities_join_their_section_below_the_users_own(
    hearth: Hearth, home: Path, automations: Path
) -> None:
    table = home / "home_assistant.yaml"
    mine = "entities:\n  light.hall: {device: lamp, property: state}  # mine\n\n"
    mine += "notify:\n  family: me\n"
    table.write_text(mine)
    assert hearth("import", automations, "--home", home).code == 0
    assert table.read_text() == mine.replace(
        "# mine\n",
        "# mine\n  binary_sensor.hall_motion: {device: hall_motion, property: occupancy}\n",
    )


def test_a_pipeline_that_the_user_has_changed_is_left_alone(
    hearth: Hearth, home: Path, automations: Path
) -> None:
    hearth("import", automations, "--home", home)
    pipeline = home / "pipelines" / "hall-light.yaml"
    mine = pipeline.read_text().replace("hello", "good evening")
    pipeline.write_text(mine)
    assert "left alone: you have changed it" in hearth("import", automations, "--home", home).out
    assert pipeline.read_text() == mine
    assert "written again" in hearth("import", automations, "--home", home, "--force").out
    assert "hello" in pipeline.read_text()


def test_a_pipeline_of_that_id_in_another_file_is_not_doubled(
    hearth: Hearth, home: Path, automations: Path
) -> None:
    (home / "pipelines" / "mine.yaml").write_text("id: hall-light\nsteps: []\n")
    assert "another file has a pipeline" in hearth("import", automations, "--home", home).out
    assert not (home / "pipelines" / "hall-light.yaml").exists()


def test_a_dry_run_writes_nothing(hearth: Hearth, home: Path, automations: Path) -> None:
    before = sorted(home.rglob("*"))
    result = hearth("import", automations, "--home", home, "--dry-run")
    assert result.code == 0 and "would be written" in result.out
    assert sorted(home.rglob("*")) == before


def test_another_folder_can_be_named(
    hearth: Hearth, home: Path, automations: Path, tmp_path: Path
) -> None:
    hearth("import", automations, "--home", home, "-o", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["hall-light.yaml"]


def test_json_tells_all_of_it(hearth: Hearth, home: Path, automations: Path) -> None:
    told = json.loads(hearth("import", automations, "--home", home, "--json").out)
    (pipeline,) = told["pipelines"]
    assert pipeline["id"] == "hall-light" and pipeline["state"] == "new"
    assert pipeline["from"] == "automations.yaml:2:3"
    assert pipeline["gaps"][0]["at"] == "automations.yaml:12:7"
    assert told["notify_missing"] == ["family"] and told["problems"] == []


def test_a_file_with_mistakes_tells_their_places_and_the_others_are_imported(
    hearth: Hearth, home: Path, automations: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken.yaml").write_text("- alias: x\n  trigger: [\n")
    result = hearth("import", tmp_path / "broken.yaml", automations, "--home", home)
    assert result.code == 1 and "broken.yaml:3:1: error: " in result.err
    assert (home / "pipelines" / "hall-light.yaml").exists()


@pytest.mark.parametrize("text", ["", "a: 1\n", "- 5\n", "just text\n"])
def test_a_file_of_something_else_is_told(
    hearth: Hearth, home: Path, tmp_path: Path, text: str
) -> None:
    (tmp_path / "other.yaml").write_text(text)
    result = hearth("import", tmp_path / "other.yaml", "--home", home)
    assert result.code == 1
    assert "other.yaml: error: holds no automations, scripts or scenes" in result.err


@pytest.mark.parametrize(
    "text",
    [
        "id: a\ntriggers: [startup]\nsteps: [{log: hello}]\n",
        "- id: a\n  steps: [{log: hello}]\n",
        "id: a\nuse_blueprint: {path: motion-light.yaml, inputs: {light: lamp}}\n",
    ],
)
def test_a_pipeline_of_ours_is_told_and_the_others_are_imported(
    hearth: Hearth, home: Path, automations: Path, tmp_path: Path, text: str
) -> None:
    (tmp_path / "ours.yaml").write_text(text)
    result = hearth("import", tmp_path / "ours.yaml", automations, "--home", home)
    where = "ours.yaml:1:3" if text.startswith("-") else "ours.yaml:1:1"
    told = f"{where}: error: this is a pipeline already, not Home Assistant's\n  hint: "
    assert result.code == 1 and told in result.err
    assert result.err.count("error") == 1 and (home / "pipelines" / "hall-light.yaml").exists()


def test_mistakes_in_the_table_stop_the_import(
    hearth: Hearth, home: Path, automations: Path
) -> None:
    (home / "home_assistant.yaml").write_text(
        "entities:\n  light.hall: {devise: lamp}\n  light.b: {device: b}\nnotfy: {}\n"
        "services: {a: ignore}\n"
    )
    result = hearth("import", automations, "--home", home)
    assert result.code == 1
    assert "home_assistant.yaml:2:16: error: unknown key `devise`" in result.err
    assert "home_assistant.yaml:3:12: error: nothing is said about `light.b`" in result.err
    assert "did you mean `notify`?" in result.err
    assert "home_assistant.yaml:5:11: error: entries on lines of their own" in result.err


def test_a_configuration_is_read_with_its_includes_and_blueprints(
    hearth: Hearth, home: Path, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    files = {
        "configuration.yaml": "automation: !include automations.yaml\n"
        "script: !include_dir_merge_named scripts\nhomeassistant:\n"
        "  packages: !include_dir_named packages\nlovelace: !include not_there.yaml\n",
        "automations.yaml": "- alias: From a blueprint\n  use_blueprint:\n"
        "    path: me/motion.yaml\n"
        "    input: {sensor: binary_sensor.hall_motion}\n",
        "blueprints/automation/me/motion.yaml": "blueprint:\n  domain: automation\n"
        "  input:\n    sensor: {}\n    wait: {default: 5}\n"
        "trigger: {platform: state, entity_id: !input sensor, to: 'on'}\n"
        "action: [{delay: !input wait}, {service: script.ring}]\n",
        "scripts/all.yaml": "ring: {sequence: [{service: mqtt.publish, data: {topic: ring}}]}\n",
        "packages/doors.yaml": "automation:\n  alias: Door\n"
        "  trigger: {platform: time, at: '07:00'}\n  action: {service: script.ring}\n",
    }
    for name, text in files.items():
        (config / name).parent.mkdir(parents=True, exist_ok=True)
        (config / name).write_text(text)
    result = hearth("import", config, "--home", home)
    assert result.code == 0, result.err
    assert "3 imported whole, 0 with gaps" in result.err
    text = (home / "pipelines" / "from-a-blueprint.yaml").read_text()
    assert "reading: {device: hall_motion, property: occupancy, to: true}" in text
    assert "- delay: 5s" in text and "- run: ring" in text
    assert hearth("check", "--home", home).code == 0
    assert load_settings(home, {})[1] == []
