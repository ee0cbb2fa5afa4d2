"""`hearth schema`: what editors check a home with."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from edge_agent.cli.new_home import PIPELINE
from pipelines.source import Reader
from tests.cli.conftest import Hearth

HOME = Path(__file__).parents[2] / "edge_agent" / "demo" / "home"


def schema(hearth: Hearth, what: str) -> dict[str, Any]:
    result = hearth("schema", what)
    assert result.code == 0
    found: dict[str, Any] = json.loads(result.out)
    Draft202012Validator.check_schema(found)
    return found


def test_the_sample_pipelines_fit_the_schema(hearth: Hearth) -> None:
    validator = Draft202012Validator(schema(hearth, "pipeline"))
    validator.validate(Reader().parse(PIPELINE, "hello.yaml"))
    for path in (HOME / "pipelines").glob("*.yaml"):
        validator.validate(Reader().load(path))


def test_an_unknown_step_does_not_fit(hearth: Hearth) -> None:
    validator = Draft202012Validator(schema(hearth, "pipeline"))
    assert not validator.is_valid({"id": "a", "steps": [{"publsh": {"topic": "t"}}]})


def test_the_demos_settings_fit_the_schema(hearth: Hearth) -> None:
    Draft202012Validator(schema(hearth, "settings")).validate(Reader().load(HOME / "hearth.yaml"))


def test_a_profile_fits_the_schema(hearth: Hearth) -> None:
    validator = Draft202012Validator(schema(hearth, "profile"))
    validator.validate({"profile": "shed", "messages": [{"topic": "shed/{device}"}]})


@pytest.mark.parametrize("what", ["pipelines", ""])
def test_another_schema_is_a_wrong_command_line(hearth: Hearth, what: str) -> None:
    assert hearth("schema", what).code == 2
