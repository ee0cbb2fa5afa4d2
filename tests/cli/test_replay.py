"""`hearth replay`: recordings in their own time."""

from pathlib import Path

import pytest

from edge_agent.cli.verbs.replay import in_time, read_recording
from schemas.problem import UserError
from schemas.replays import Recorded
from tests.cli.conftest import Hearth
from tests.gateway.fakes import Parts

LINES = """\
{"ts": "2026-01-10T12:00:02+00:00", "topic": "b", "payload": {"x": 1}}
{"ts": 1768046400.5, "topic": "a", "payload": "text", "retain": true}

"""


def test_a_recording_is_read_in_the_order_of_its_times(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text(LINES)
    lines = read_recording(tmp_path / "r.jsonl")
    assert [(offset, line.topic, line.retain) for offset, line in lines] == [
        (0.0, "a", True),
        (1.5, "b", False),
    ]


def test_every_wrong_line_is_told_with_its_number(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text('{"topic": "a"}\n' + LINES + "no json\n")
    with pytest.raises(UserError) as caught:
        read_recording(tmp_path / "r.jsonl")
    assert [problem.at.line for problem in caught.value.problems] == [1, 5]


def test_a_file_of_something_else_is_told_in_twenty_lines(tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(b"noise\n" * 1000)
    with pytest.raises(UserError) as caught:
        read_recording(tmp_path / "noise")
    assert len(caught.value.problems) == 20


def test_a_pipeline_that_is_no_text_is_the_users_mistake(
    hearth: Hearth, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "p.yaml").write_bytes(b"id: \xff")
    result = hearth("replay", "--pipeline", tmp_path / "p.yaml", "--since", "1h", "--home", home)
    assert result.code == 1 and "p.yaml: error: not UTF-8 text (byte 4)" in result.err


def test_without_waiting_a_recording_goes_out_in_large_batches() -> None:
    lines = [(float(second), Recorded(0, "t")) for second in range(1200)]
    assert [len(batch) for batch in in_time(lines, speed=0)] == [500, 500, 200]


def test_messages_that_are_due_together_go_out_together() -> None:
    lines = [(offset, Recorded(0, "t")) for offset in (0.0, 0.001, 50.0, 50.001)]
    assert [len(batch) for batch in in_time(lines, speed=1000)] == [2, 2]


def test_a_recording_reaches_the_agent(
    hearth: Hearth, home: Path, parts: Parts, tmp_path: Path
) -> None:
    (tmp_path / "r.jsonl").write_text(LINES)
    result = hearth("replay", "--home", home, tmp_path / "r.jsonl", "--speed", "0", "--json")
    assert result.code == 0 and result.out == '{\n  "sent": 2\n}\n'
    assert [(m.topic, m.payload) for m in parts.agent.messages] == [("a", "text"), ("b", {"x": 1})]
