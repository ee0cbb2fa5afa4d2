"""Files nobody would write: whatever stands in them, a check ends with problems, never a crash."""

from pathlib import Path
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines import nowhere
from pipelines.compiler import Compiler, documents
from pipelines.decode import fields_of
from pipelines.ports import Home
from pipelines.registry import CONDITIONS, STEPS, TRIGGERS
from pipelines.settings import load_devices, load_settings
from pipelines.source import Reader
from schemas.pipeline import Pipeline
from schemas.problem import Position, Problem
from tests.pipelines.cases import cases
from tests.pipelines.pages import KEYS, ROOT

COMPILER = Compiler(nowhere.ports(Home()), known_devices={"hall"})
EXAMPLES = sorted((ROOT / "pipelines" / "examples").glob("*.yaml"))
TEXTS = [path.read_text(encoding="utf-8") for path in EXAMPLES]
TREES = [
    {"id": "a", "steps": []},
    *(
        {"id": "a", kind: case[key] if isinstance(case[key], list) else [case[key]]}
        for kind, key in KEYS.items()
        for _, case in cases(kind)
        if key in case
    ),
    *(Reader(ROOT).load(path) for path in EXAMPLES),
]
WORDS = ["id", "if", "steps", "triggers", "for", "on_error", "branches", "within", "label"]
KEYS_OF_ALL = sorted({*TRIGGERS, *CONDITIONS, *STEPS, *WORDS})
SECTIONS = ["agent", "mqtt", "gateway", "ledger", "notify", "log"]
TOP = sorted(fields_of(Pipeline))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(["", "on", "5m", "-30m", "{{ x }}", "{{ trigger.payload }}", "{{", "07:30"]),
    st.sampled_from(["* * * * *", "a/#", "{{ inputs.limit }}", "restart", "hall", "\x00"]),
    st.sampled_from(["99:99", "1h" * 200, "{{ reading('a', 'b') }}", "{% if x %}", "9" * 5000]),
    st.text(max_size=10),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(KEYS_OF_ALL) | st.text(max_size=5), inner, max_size=3),
    ),
    max_leaves=6,
)


def check_text(text: str) -> list[Problem]:
    """What a check finds in a pipeline file."""
    reader = Reader()
    tree = reader.parse(text, "pipelines/a.yaml")
    problems = list(reader.problems)
    for document, at in documents(tree, Position("pipelines/a.yaml", 1, 1)):
        problems += COMPILER.compile(document, at, reader.texts)[1]
    return problems


def paths(tree: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a tree."""
    found = []
    items = list(tree.items() if isinstance(tree, dict) else enumerate(tree))
    for key, value in items:
        found.append((tree, key))
        if isinstance(value, dict | list):
            found += paths(value)
    return found


@settings(max_examples=600, deadline=None)
@given(data=st.data())
def test_a_pipeline_with_any_value_replaced_is_checked(data: st.DataObject) -> None:
    tree = msgspec.json.decode(msgspec.json.encode(data.draw(st.sampled_from(TREES))))
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(paths(tree)))
        container[key] = data.draw(VALUES)

    for problem in check_text(msgspec.json.encode(tree).decode("utf-8", "replace")):
        assert problem.at.line > 0 and problem.text


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_file_with_any_lines_changed_is_checked(data: st.DataObject) -> None:
    lines = data.draw(st.sampled_from(TEXTS)).splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, len(lines) - 1))
        line = lines[index]
        lines[index] = data.draw(
            st.sampled_from(
                [line * 2, line[2:], f"  {line}", line[: len(line) // 2], line.replace(":", ""),
                 line.replace('"', ""), line.replace("{", "["), f"{line}\n{line}", "", "- ", "\t"]
            )
        )  # fmt: skip

    check_text("\n".join(lines))


@settings(max_examples=400, deadline=None)
@given(tree=st.dictionaries(st.sampled_from(TOP), VALUES))
def test_a_pipeline_of_anything_is_checked(tree: dict[str, Any]) -> None:
    check_text(msgspec.json.encode({"id": "a", **tree}).decode())


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    tree=VALUES, section=st.sampled_from(["agent", "mqtt", "gateway", "ledger", "notify", "log"])
)
def test_settings_and_devices_of_anything_are_checked(
    tree: Any, section: str, tmp_path: Path
) -> None:
    (tmp_path / "hearth.yaml").write_bytes(msgspec.json.encode({section: tree}))
    (tmp_path / "devices.yaml").write_bytes(msgspec.json.encode(tree))

    load_settings(tmp_path, {"HEARTH_MQTT__PORT": str(tree)[:20]})
    load_devices(tmp_path)
