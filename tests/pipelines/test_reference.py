"""The JSON Schemas and the reference pages: right, complete, and not older than the code."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pipelines import reference
from pipelines.registry import CONDITIONS, STEPS, TRIGGERS
from pipelines.source import Reader
from tests.pipelines.cases import cases
from tests.pipelines.pages import FOLDER, KEYS, ROOT, made

PIPELINES = Draft202012Validator(reference.pipeline_schema())
SETTINGS = Draft202012Validator(reference.settings_schema())


def valid_pipelines() -> list[tuple[str, Any]]:
    """The shipped examples, and a pipeline around each case of a component."""
    reader = Reader(ROOT)
    found = [
        (path.stem, reader.load(path))
        for path in sorted((ROOT / "pipelines" / "examples").glob("*.yaml"))
    ]
    for kind, key in KEYS.items():
        for name, case in cases(kind):
            if key in case and "problems" not in case:
                value = case[key] if isinstance(case[key], list) else [case[key]]
                found.append((f"{kind}: {name}", {"id": "a", kind: value}))
    return found


VALID = valid_pipelines()
WRONG = [
    {"steps": []},
    {"id": "A B"},
    {"id": "a", "stpes": []},
    {"id": "a", "steps": [{"publsh": {"topic": "a"}}]},
    {"id": "a", "steps": [{"publish": {"topc": "a"}}]},
    {"id": "a", "steps": [{"publish": {"topic": "a", "qos": 3}}]},
    {"id": "a", "steps": [{"publish": {"topic": "a"}, "delay": "5s"}]},
    {"id": "a", "steps": [{"publish": {"topic": "a"}, "qos": 1}]},
    {"id": "a", "steps": [{"delay": 5}]},
    {"id": "a", "steps": [{"delay": "5 sec"}]},
    {"id": "a", "steps": ["publish"]},
    {"id": "a", "steps": [{"id": "x"}]},
    {"id": "a", "steps": [{"delay": "5s", "on_error": "explode"}]},
    {"id": "a", "steps": [{"delay": "5s", "on_error": [{"dely": "5s"}]}]},
    {"id": "a", "steps": [{"delay": "5s", "retry": {"attempts": "many"}}]},
    {"id": "a", "steps": [{"choose": {"branches": [{"if": "{{ x }}", "steps": [{"x": 1}]}]}}]},
    {"id": "a", "triggers": [{"mqtt": {"topic": "a"}, "debouce": "5s"}]},
    {"id": "a", "triggers": [{"mqtt": {}}]},
    {"id": "a", "conditions": "x > 3"},
    {"id": "a", "conditions": [{"tmie": {}}]},
    {"id": "a", "inputs": {"x": {"type": "numbre"}}},
    {"id": "a", "mode": "sngle"},
    [{"id": "a"}, 5],
    "text",
]  # fmt: skip


@pytest.mark.parametrize("schema", ["pipeline", "settings", "profile"])
def test_a_schema_is_a_json_schema(schema: str) -> None:
    Draft202012Validator.check_schema(getattr(reference, f"{schema}_schema")())


@pytest.mark.parametrize("pipeline", [it for _, it in VALID], ids=[name for name, _ in VALID])
def test_a_valid_pipeline_fits_the_schema(pipeline: Any) -> None:
    assert [error.message for error in PIPELINES.iter_errors(pipeline)] == []


@pytest.mark.parametrize("pipeline", WRONG, ids=str)
def test_a_broken_pipeline_does_not_fit_the_schema(pipeline: Any) -> None:
    assert not PIPELINES.is_valid(pipeline)


def test_settings_fit_their_schema() -> None:
    right = {"mqtt": {"host": "x", "version": "3.1.1", "tls": {"ca": "ca.pem"}}, "agent": {}}

    assert SETTINGS.is_valid(right) and SETTINGS.is_valid(None)
    assert not SETTINGS.is_valid({"mqtt": {"prt": 1}})
    assert not SETTINGS.is_valid({"ledger": {"commit_every": 50}})


def test_the_reference_pages_say_what_the_code_says() -> None:
    for name, page in made().items():
        assert (FOLDER / name).read_text(encoding="utf-8") == page, (
            "run `python -m tests.pipelines.pages` and commit what it writes"
        )


@pytest.mark.parametrize("registry", [TRIGGERS, CONDITIONS, STEPS], ids=KEYS)
def test_every_component_is_described_with_every_field(registry: dict[str, type]) -> None:
    for name, cls in registry.items():
        assert cls.__doc__, f"`{name}` has no docstring"
    schema = reference.pipeline_schema()["$defs"]
    undescribed = [
        f"{where}.{key}"
        for where, entry in schema.items()
        for key, field in entry.get("properties", {}).items()
        if "." in where and "description" not in field
    ]
    assert undescribed == []


@pytest.mark.parametrize("kind", KEYS)
def test_every_component_has_cases(kind: str) -> None:
    registry = {"triggers": TRIGGERS, "conditions": CONDITIONS, "steps": STEPS}[kind]
    folder = Path(__file__).parents[1] / "cases" / kind

    assert {path.stem for path in folder.glob("*.yaml")} == set(registry)
