"""Messages put in by hand: their payloads as bytes, or what is wrong with them."""

import pytest

from edge_agent.views.agent import wires
from schemas.api import Message
from schemas.problem import UserError


def test_payloads_go_out_as_text_as_json_or_as_the_bytes_they_stand_for() -> None:
    messages = [Message("a", "x"), Message("a", {"x": 1}), Message("a", "/wA=", base64=True)]
    assert wires(messages) == [b"x", b'{"x":1}', b"\xff\x00"]


@pytest.mark.parametrize(
    ("message", "word"),
    [
        (Message("a/#", "x"), "wildcards"),
        (Message("a\0", "x"), "NUL"),
        (Message("ä" * 40_000, "x"), "80000 bytes long"),
        (Message("a", "not!", base64=True), "no base64"),
        (Message("a", {"x": 1}, base64=True), "no base64"),
    ],
)
def test_one_that_cannot_be_sent_holds_up_all(message: Message, word: str) -> None:
    with pytest.raises(UserError, match=word):
        wires([Message("a", "x"), message])
