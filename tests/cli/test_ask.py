"""`hearth ask`: what a sentence asks of the home."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Hearth


@pytest.fixture
def furnished(home: Path) -> Path:
    """A home with two lamps and a coffee machine."""
    (home / "devices.yaml").write_text(
        "desk: {key: 'zigbee2mqtt:0x1', area: Office, aliases: [desk lamp, ceiling light]}\n"
        "bed: {key: 'zigbee2mqtt:0x2', area: Bedroom, aliases: [ceiling light]}\n"
    )
    return home


def lines(hearth: Hearth, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> tuple[int, list[Any]]:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(sent)))
    result = hearth("ask", "--jsonl")
    return result.code, [json.loads(line) for line in result.out.splitlines()]


def test_a_sentence_is_told_to_a_person(hearth: Hearth, furnished: Path) -> None:
    result = hearth("ask", "turn", "on", "the desk lamp", "--home", furnished)
    assert result.code == 0
    rows = dict(line.split(maxsplit=1) for line in result.out.splitlines())
    assert rows["intent"] == "turn_on" and rows["device"] == "desk lamp  (desk)"
    assert rows["language"] == "en" and rows["confidence"].endswith("%")


def test_what_fits_several_devices_is_asked_back(hearth: Hearth, furnished: Path) -> None:
    result = hearth("ask", "turn off the ceiling light", "--home", furnished)
    assert "ceiling light  (which one: bed, desk?)" in result.out


def test_json_tells_what_was_matched(hearth: Hearth, furnished: Path) -> None:
    result = hearth(
        "ask", "turn off the ceiling light in the bedroom", "--home", furnished, "--json"
    )
    answer = json.loads(result.out)
    assert answer["slots"] == {"device": "ceiling light", "area": "bedroom"}
    assert answer["matched"] == {"device": "bed", "area": "Bedroom"}


def test_lines_are_answered_in_their_order(hearth: Hearth, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = (
        '{"text": "turn on the kitchen lights"}\n\n{"text": "把客厅的灯关掉", "language": "zh"}\n'
    )
    code, answers = lines(hearth, monkeypatch, sent.encode())
    assert code == 0
    assert [each["intent"] for each in answers] == ["turn_on", "turn_off"]
    assert answers[1]["slots"] == {"domain": "light", "area": "客厅"}
    assert answers[1].keys() == {"intent", "confidence", "slots", "language"}


def test_a_bad_line_is_told_and_the_others_are_answered(
    hearth: Hearth, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = [b"{", b"[]", b'{"txt": "a"}', b'{"text": 5}', b'{"text": "a", "language": "fr"}',
           b"\xff\xfe\x00", b'{"text": "\xff"}']  # fmt: skip
    code, answers = lines(hearth, monkeypatch, b"\n".join([*bad, b'{"text": ""}']))
    assert code == 1 and len(answers) == len(bad) + 1
    assert all(each.keys() == {"error"} for each in answers[:-1])
    assert answers[-1]["intent"] == "none"


@pytest.mark.parametrize(
    "text", ["", " ", "🙂" * 500, "a" * 100_000, "灯" * 5_000, "\x00\x07", "?!…", "ſﬁ İ ŉ"]
)
def test_any_text_is_answered(text: str, hearth: Hearth, monkeypatch: pytest.MonkeyPatch) -> None:
    code, answers = lines(hearth, monkeypatch, json.dumps({"text": text}).encode())
    assert code == 0 and answers[0].keys() >= {"intent", "confidence", "slots", "language"}
    if not any(map(str.isalnum, text)):
        assert answers[0]["intent"] == "none"


def test_words_are_needed(hearth: Hearth) -> None:
    assert hearth("ask").code == 2
