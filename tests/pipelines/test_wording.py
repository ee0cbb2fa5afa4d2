"""A condition or trigger is told as it was written, on one line."""

from typing import Any

import pytest

from pipelines.source import Reader
from pipelines.tree import Secret
from pipelines.wording import worded


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('"{{ a\\n  > 1 }}"', "{{ a > 1 }}"),
        ("reading: {device: hall, above: 3.5, is: [on, null]}",
         "reading: {device: hall, above: 3.5, is: [on, null]}"),
        ("not:\n  - time: {after: '22:00'}\n  - memory: away",
         'not: [{time: {after: "22:00"}}, {memory: away}]'),
        ("startup:", "startup"),
        ("mqtt: {topic: a/b, retained: true}", "mqtt: {topic: a/b, retained: true}"),
    ],
)  # fmt: skip
def test_it_stands_on_one_line_of_yaml(text: str, told: str) -> None:
    assert worded(Reader().parse(text, "case.yaml")) == told


@pytest.mark.parametrize("value", [Secret("hunter22"), {"is": Secret("hunter22")}, [Secret("x")]])
def test_a_secret_is_masked(value: Any) -> None:
    assert "•••" in worded(value) and "hunter22" not in worded(value)


def test_a_long_one_is_told_by_its_beginning() -> None:
    assert len(worded("x" * 1000)) == 300
