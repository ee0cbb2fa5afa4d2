"""Files nobody would write: whatever stands in them, an import ends, and what it writes is YAML."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.importers.home_assistant.contents import Contents
from pipelines.importers.home_assistant.entities import Table
from pipelines.importers.home_assistant.files import reader_of
from pipelines.importers.home_assistant.house import Import, import_contents
from pipelines.importers.home_assistant.page import House
from pipelines.importers.home_assistant.table import table_text
from pipelines.importers.home_assistant.writing import document
from pipelines.source import Reader
from tests.importers.cases import CASES, cases
from tests.pipelines.test_fuzz import paths

TREES = [
    case.get("automation", case.get("file"))
    for _, case in cases()
    if "automation" in case or "file" in case
]
WORDS = [
    "alias", "trigger", "platform", "condition", "conditions", "action", "service", "sequence",
    "choose", "default", "if", "then", "else", "repeat", "count", "while", "for_each", "parallel",
    "wait_template", "wait_for_trigger", "timeout", "delay", "variables", "stop", "event", "data",
    "target", "entity_id", "device_id", "domain", "type", "state", "to", "from", "not_to", "for",
    "above", "below", "value_template", "at", "event_data", "use_blueprint", "path", "automation",
    "script", "scene", "entities", "enabled", "id", "attribute", "offset", "and", "or", "not",
]  # fmt: skip
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**62), 2**62),
    st.floats(),
    st.sampled_from(["on", "00:05:00", "light.hall", "all", "{{ states('sensor.a') }}", "{{", "*"]),
    st.sampled_from(["{% if x %}a{% endif %}", "{{ trigger.to_state.state }}", "homeassistant.x"]),
    st.sampled_from(["light.turn_on", "state", "numeric_state", "device", "a\n b\n", " x ", "#"]),
    st.sampled_from(["{{ wait.trigger }}", "{{ a if b }}", "{{ [1, 2][:1] }}", "\x00", "é: \t- '"]),
    st.text(max_size=10),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=5), inner, max_size=3),
    ),
    max_leaves=8,
)


def imported(text: str) -> Import | None:
    """What comes of a file; None where it is no YAML."""
    reader, contents = reader_of(CASES), Contents()
    contents.add(reader.parse(text, "automations.yaml"))
    if reader.problems:
        return None
    return import_contents(contents, House(Table(), contents))


def check(text: str) -> None:
    made = imported(text)
    for each in made.pipelines if made else ():
        reader = Reader()
        reader.parse(each.text, "made.yaml")
        assert not reader.problems, (reader.problems, each.text)
    if made:
        reader = Reader()
        reader.parse(table_text(made.table), "home_assistant.yaml")
        assert not reader.problems, (reader.problems, table_text(made.table))


def as_text(tree: Any) -> str:
    return msgspec.json.encode(tree).decode("utf-8", "replace")


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_an_automation_with_any_value_replaced_is_imported(data: st.DataObject) -> None:
    tree = msgspec.json.decode(as_text(data.draw(st.sampled_from(TREES))))
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(paths(tree)))
        container[key] = data.draw(VALUES)
    check(as_text(tree))


@settings(max_examples=150, deadline=None)
@given(tree=st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=6))
def test_a_file_of_anything_is_imported(tree: dict[str, Any]) -> None:
    check(as_text(tree))
    check(as_text([tree]))
    check(as_text({"automation": tree, "script": {"a": {"sequence": [tree]}}}))


@settings(max_examples=200, deadline=None)
@given(tree=st.dictionaries(st.text(min_size=1, max_size=8), VALUES, min_size=1, max_size=4))
def test_what_is_written_is_read_again_as_it_was(tree: dict[str, Any]) -> None:
    plain = msgspec.json.decode(as_text(tree))
    reader = Reader()
    read = reader.parse(document(plain), "made.yaml")
    assert not reader.problems, (reader.problems, document(plain))
    assert read == plain
