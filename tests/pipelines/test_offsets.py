"""A mistake inside a text is told at its own line and column, however the text is written."""

import pytest

from pipelines import nowhere
from pipelines.compiler import Compiler
from pipelines.ports import Home
from pipelines.source import Reader
from schemas.problem import Position

STYLES = [
    'a: "{{ nope }}"',
    "a: '{{ nope }}'",
    "a:   'it''s {{ nope }}'",
    'a: "a \\"quoted\\" {{ nope }}"',
    'a: "Grüße {{ nope }}"',
    "a: text {{ nope }}",
    "a: |\n      one\n        two {{ nope }}\n      three",
    "a: |-\n\n      one {{ nope }}",
    "a: |2\n        {{ nope }}",
    "a: >\n      one\n      two {{ nope }}",
    "a: {b: [1, '{{ nope }}']}",
    "a: [x, {b: 'y {{ inputs }} {{ nope }}'}]",
    'a: "{{ trigger.nope ~ nope }}"',
    "a: |\r\n      one\r\n      two {{ nope }}\r",
]


@pytest.mark.parametrize("style", STYLES)
def test_a_mistake_is_told_at_its_own_place(style: str) -> None:
    source = f"id: a\nvariables:\n    {style}\n"
    reader = Reader()
    tree = reader.parse(source, "a.yaml")
    _, problems = Compiler(nowhere.ports(Home())).compile(tree, Position("a.yaml"), reader.texts)

    [problem] = problems
    line = source.split("\n")[problem.at.line - 1]
    assert line[problem.at.column - 1 :].startswith("nope")
    assert "trigger." not in line[problem.at.column - 9 : problem.at.column - 1]


def test_a_text_over_several_lines_is_told_at_its_beginning() -> None:
    reader = Reader()
    tree = reader.parse('id: a\nvariables:\n  a: "one\n    {{ nope }}"\n', "a.yaml")
    _, problems = Compiler(nowhere.ports(Home())).compile(tree, Position("a.yaml"), reader.texts)

    assert problems[0].at.line == 3
