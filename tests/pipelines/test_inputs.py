"""The inputs of a run: read as their types say, checked, filled in."""

from typing import Any

import pytest

from pipelines.inputs import Inputs
from schemas.pipeline import Input
from schemas.problem import UserError

SPECS = {
    "limit": Input(type="number", default=-12, min=-30, max=0),
    "count": Input(type="integer"),
    "loud": Input(type="boolean", default=False),
    "name": Input(type="text", default="freezer"),
    "colour": Input(type="select", options=["red", 5]),
    "wait": Input(type="duration", default="5m"),
    "wake": Input(type="time"),
    "lamp": Input(type="device", required=True),
}
INPUTS = Inputs(SPECS)


def test_defaults_are_filled_in() -> None:
    assert INPUTS({"lamp": "hall"}) == {
        "limit": -12, "count": None, "loud": False, "name": "freezer", "colour": None, "wait": "5m",
        "wake": None, "lamp": "hall",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("limit", "-5", -5.0), ("limit", -5, -5.0), ("count", "7", 7), ("loud", "true", True),
        ("loud", "on", True), ("loud", "no", False), ("loud", True, True), ("colour", "5", 5),
        ("colour", "red", "red"), ("wait", "90s", "90s"), ("wake", "07:30", "07:30"),
        ("limit", None, None),
    ],
)  # fmt: skip
def test_a_text_is_read_as_its_type_says(name: str, given: Any, value: Any) -> None:
    found = INPUTS({"lamp": "hall", name: given})[name]

    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "given", "text"),
    [
        ("limit", "warm", "must be a number"), ("limit", True, "must be a number"),
        ("limit", 5, "must be at most 0"), ("limit", -31, "must be at least -30"),
        ("count", "1.5", "must be a whole number"), ("loud", "maybe", "must be true or false"),
        ("name", 5, "must be text"), ("colour", "blue", "must be one of red, 5"),
        ("wake", "25:00", "must be a time of day: `07:30`"),
        ("limt", 1, "there is no such input: did you mean `limit`?"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused(name: str, given: Any, text: str) -> None:
    with pytest.raises(UserError) as error:
        INPUTS({"lamp": "hall", name: given})

    assert [problem.text for problem in error.value.problems] == [text]


def test_every_wrong_value_is_told_at_once() -> None:
    with pytest.raises(UserError) as error:
        INPUTS({"limit": "x", "wait": 5})

    assert [problem.at.file for problem in error.value.problems] == [
        "inputs.lamp", "inputs.limit", "inputs.wait",
    ]  # fmt: skip
