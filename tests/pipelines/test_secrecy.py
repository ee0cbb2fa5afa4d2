"""Secrets reach what they are for, and nothing that is shown."""

from typing import Any

import pytest

from pipelines.check import check, load_home
from pipelines.secrecy import hidden
from pipelines.settings import load_secrets, load_settings
from schemas.run import Effect, Notes, RunRecord, StepRecord
from tests.pipelines.conftest import MakeHome
from tests.pipelines.scopes import scope


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("hunter22", "•••"),
        ("Bearer hunter22!", "Bearer •••!"),
        (b"\xff hunter22", b"\xff \xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2"),
        ({"a": ["hunter22", 5, None], "hunter22": True}, {"a": ["•••", 5, None], "•••": True}),
        ("a1", "•••"),
        ("a1 in a text", "a1 in a text"),
        (StepRecord("0", "log", "completed", 0.0, 1.0, values={"m": "hunter22"}),
         StepRecord("0", "log", "completed", 0.0, 1.0, values={"m": "•••"})),
    ],
)  # fmt: skip
def test_a_secret_is_hidden_wherever_it_stands(value: Any, shown: Any) -> None:
    assert hidden(value, {"hunter22", "a1"}) == shown


def test_a_whole_run_is_recorded_without_secrets() -> None:
    record = RunRecord(
        1, "a", "v", 2, {"id": "warm"}, "failed", 0.0, 1.0, "no hunter22 here",
        [StepRecord("0", "http", "failed", 0.0, 1.0, "hunter22", {"headers": {"a": "hunter22"}}),
         StepRecord("1", "sql", "skipped", 0.0, 1.0, notes=Notes("{{ x == 'hunter22' }}"))],
        [Effect("0", "publish", "t", "hunter22", 0.0)], {"x": "hunter22"}, {"tok": "hunter22"},
    )  # fmt: skip

    shown = hidden(record, frozenset({"hunter22"}))

    assert "hunter22" not in repr(shown) and shown.id == 1 and shown.effects[0].payload == "•••"


def test_a_plan_knows_the_secrets_it_holds(make_home: MakeHome) -> None:
    home = make_home(
        {
            "secrets.yaml": "token: hunter22\npin: 0042\nother: unused",
            "steps.yaml": "- log: !secret pin",
            "pipelines/a.yaml": (
                "id: a\nvariables: {t: !secret token}\nsteps: !include ../steps.yaml"
            ),
            "pipelines/b.yaml": "id: b",
        }
    )
    first, second = load_home(home).plans

    assert first.secrets == {"hunter22", "0042"} and second.secrets == frozenset()
    assert first.variables[0][1](scope()) == "hunter22"


def test_a_secret_is_read_as_the_setting_needs_it(make_home: MakeHome) -> None:
    home = make_home(
        {
            "secrets.yaml": "port: 1884\npassword: 0042\nyes: true",
            "hearth.yaml": (
                "mqtt: {port: !secret port, password: !secret password, tls: !secret yes}"
            ),
        }
    )
    settings, problems = load_settings(home, {})

    assert problems == []
    assert (settings.mqtt.port, settings.mqtt.password, settings.mqtt.tls) == (1884, "0042", True)
    assert "0042" not in repr(settings)
    assert load_secrets(home) == {"1884", "0042", "true"}


def test_a_secret_that_is_no_text_is_a_problem(make_home: MakeHome) -> None:
    home = make_home({"secrets.yaml": "a: [1]\nb: {c: 1}", "hearth.yaml": "log: !secret a"})

    assert [str(problem) for problem in check(home)] == [
        "hearth.yaml:1:6: error: secrets.yaml has no `a`\n  hint: add `a: …` to secrets.yaml",
        "secrets.yaml:1:4: error: the secret `a` must be one text",
        "secrets.yaml:2:4: error: the secret `b` must be one text",
    ]
