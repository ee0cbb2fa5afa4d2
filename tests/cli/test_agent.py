"""Verbs that ask the agent which holds the home, over its socket."""

import json
from pathlib import Path

import pytest

from edge_agent.views.agent import wires
from schemas.device import Command
from tests.cli.conftest import Hearth
from tests.gateway.fakes import RUN, Parts


def test_runs_are_listed_under_their_columns(hearth: Hearth, home: Path, parts: Parts) -> None:
    result = hearth("runs", "--home", home)
    lines = [line.split() for line in result.out.splitlines()]
    assert lines[0] == ["run", "pipeline", "state", "started", "took", "trigger", "error"]
    assert lines[1][1:3] == ["freezer-alarm", "completed"]
    assert lines[1][0] == "0000..00000007"


def test_the_runs_asked_for_are_those_the_options_name(
    hearth: Hearth, home: Path, parts: Parts
) -> None:
    assert hearth("--home", home, "runs", "lamp", "--state", "failed", "-n", "3").code == 0
    asked = parts.history.asked[-1]
    assert (asked.pipeline, asked.state, asked.limit) == ("lamp", "failed", 3)  # type: ignore[union-attr]


def test_json_is_what_the_api_answers(hearth: Hearth, home: Path, parts: Parts) -> None:
    runs = json.loads(hearth("runs", "--home", home, "--json").out)
    assert runs[0]["id"] == str(RUN) and runs[0]["pipeline"] == "freezer-alarm"


def test_the_trace_of_the_last_run_shows_each_step(
    hearth: Hearth, home: Path, parts: Parts
) -> None:
    result = hearth("trace", "last", "--home", home)
    assert result.code == 0
    assert "freezer-alarm completed" in result.out and "✓ log" in result.out


def test_a_run_started_by_hand_gets_inputs_and_shows_its_trace(
    hearth: Hearth, home: Path, parts: Parts
) -> None:
    arguments = ["freezer-alarm", "-i", "limit=-12.5", "-i", "who=me", "--event", '{"a": 1}']
    result = hearth("run", "--home", home, *arguments)
    assert result.code == 0 and "freezer-alarm completed" in result.out
    started = parts.pipelines.started[0]
    assert started.inputs == {"limit": -12.5, "who": "me"} and started.event == {"a": 1}
    assert started.wait


def test_wrong_inputs_are_problems_with_their_place(
    hearth: Hearth, home: Path, parts: Parts
) -> None:
    result = hearth("run", "--home", home, "freezer-alarm", "-i", "limit=cold")
    assert result.code == 1
    assert "pipelines/freezer.yaml:4:3: error: `limit` must be a number" in result.err
    assert "hint: write `-12`" in result.err


def test_an_unknown_pipeline_is_the_users_mistake(hearth: Hearth, home: Path, parts: Parts) -> None:
    result = hearth("run", "--home", home, "nothing")
    assert result.code == 1 and "no pipeline `nothing`" in result.err


def test_a_ledger_that_cannot_be_read_ends_with_3(hearth: Hearth, home: Path, parts: Parts) -> None:
    parts.history.disk_full = True
    result = hearth("runs", "--home", home)
    assert result.code == 3 and "the ledger cannot be read" in result.err


def test_a_device_is_told_values_with_their_types(hearth: Hearth, home: Path, parts: Parts) -> None:
    result = hearth("device", "cellar/freezer", "set", "state=on", "level=4", "--home", home)
    assert result.code == 0
    assert parts.devices.commands == [("cellar/freezer", Command({"state": "on", "level": 4}))]


def test_a_device_can_be_told_to_do_something(hearth: Hearth, home: Path, parts: Parts) -> None:
    assert hearth("device", "freezer", "toggle", "--home", home).code == 0
    assert parts.devices.commands == [("freezer", Command(do="toggle"))]


def test_devices_show_what_they_report(hearth: Hearth, home: Path, parts: Parts) -> None:
    assert "temperature -18.5 °C" in hearth("devices", "--home", home).out


def test_a_message_is_sent(hearth: Hearth, home: Path, parts: Parts) -> None:
    assert hearth("send", "a/b", '{"x": 1}', "--home", home).code == 0
    assert [(m.topic, m.payload) for m in parts.agent.messages] == [("a/b", '{"x": 1}')]


def test_a_query_prints_rows_and_takes_parameters(hearth: Hearth, home: Path, parts: Parts) -> None:
    result = hearth("query", "select 1", "-p", "a=1", "--home", home)
    assert result.code == 0 and result.out.split() == ["n", "1"]


def test_a_query_that_writes_is_refused(hearth: Hearth, home: Path, parts: Parts) -> None:
    result = hearth("query", "drop table runs", "--home", home)
    assert result.code == 1 and "only SELECT" in result.err


def test_a_query_shows_a_list_on_one_line(hearth: Hearth, home: Path) -> None:
    result = hearth("query", "select [1, 2] a, {b: 1} c", "--home", home)
    assert result.out == 'a       c\n[1, 2]  {"b": 1}\n'


def test_an_empty_query_is_told_with_an_example(hearth: Hearth, home: Path, parts: Parts) -> None:
    result = hearth("query", " ", "--home", home)
    assert result.code == 1 and "no statement is given\n  hint: for example" in result.err


def test_a_query_without_rows_says_so(hearth: Hearth, home: Path) -> None:
    result = hearth("query", "select 1 where false", "--home", home)
    assert (result.code, result.out, result.err) == (0, "", "no rows\n")


def test_a_query_of_too_many_rows_says_so(hearth: Hearth, home: Path) -> None:
    result = hearth("query", "from range(20000)", "--home", home)
    assert len(result.out.splitlines()) == 10_001
    assert result.err == "no more than 10000 rows are given\n"


def test_bytes_that_are_no_text_are_sent_as_they_are(
    hearth: Hearth, home: Path, parts: Parts
) -> None:
    assert hearth("send", "a/b", "\udcff\udcfe", "--home", home).code == 0
    assert [wires([message]) for message in parts.agent.messages] == [[b"\xff\xfe"]]


@pytest.mark.parametrize(
    ("data", "sent"),
    [
        (b'{"x": 1}', ('{"x": 1}', False)),
        (b"\xff\xfe", ("//4=", True)),
        (b"x" * 2_000_000, ("x" * 2_000_000, False)),
    ],
)
def test_a_file_is_sent_as_it_is(
    hearth: Hearth, home: Path, parts: Parts, data: bytes, sent: tuple[str, bool]
) -> None:
    (home / "payload").write_bytes(data)
    assert hearth("send", "a/b", "--file", home / "payload", "--home", home).code == 0
    (message,) = parts.agent.messages
    assert (message.payload, message.base64) == sent


def test_a_file_and_a_payload_are_a_wrong_command_line(hearth: Hearth, home: Path) -> None:
    assert hearth("send", "a/b", "hi", "--file", home / "hearth.yaml").code == 2


def test_a_home_in_which_no_device_has_reported_says_so(hearth: Hearth, home: Path) -> None:
    result = hearth("devices", "--home", home)
    assert (result.code, result.out, result.err) == (0, "", "no device has reported yet\n")


@pytest.mark.parametrize("topic", ["", "a/+", "a/#", "a\udcff"])
def test_a_topic_nobody_can_send_to_is_the_users_mistake(
    hearth: Hearth, home: Path, parts: Parts, topic: str
) -> None:
    result = hearth("send", topic, "hi", "--home", home)
    assert result.code == 1 and "error: " in result.err and not parts.agent.messages
