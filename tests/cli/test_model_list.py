"""`hearth models list`: what is where, and how it does while the agent runs."""

import json
from pathlib import Path

from tests.cli.conftest import Hearth
from tests.gateway.fakes import Parts

MODELS = "models: {echo: {driver: openai, url: 'http://x/v1'}, all: {split: [{model: echo}]}}"


def test_models_of_the_settings_are_listed_and_while_the_agent_runs_how_they_do(
    hearth: Hearth, home: Path, parts: Parts
) -> None:
    settings = home / "hearth.yaml"
    settings.write_text(f"{settings.read_text()}\n{MODELS}\n")
    listed = json.loads(hearth("models", "--home", home, "list", "--json").out)
    assert [(each["model"], each["kind"]) for each in listed] == [
        ("echo", "openai"),
        ("all", "split"),
    ]
    assert listed[0]["live"]["queries_per_second"] == 0.2
    shown = hearth("models", "--home", home, "list").out
    assert "0.20       10.0 ms  500.0 ms  60        70 MB   0" in shown
