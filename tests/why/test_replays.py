"""A changed pipeline is played over what the ledger holds, and what came is written down."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge_agent.views.replays import ReplaysView
from schemas.problem import UserError
from schemas.replays import RecordedPage, RecordedQuery, ReplayReport, ReplayRequest
from tests.why.past_home import BERLIN, ZONE, PastHome

LIVE = """
id: case
triggers: [{id: warm, reading: {device: hall, property: temperature, above: 22}}]
conditions: ["{{ memory('muted') != true }}"]
steps:
  - publish: {topic: fan, payload: "{{ trigger.value }}"}
"""
COUNTING = """
id: case
triggers: [{mqtt: go}]
steps:
  - remember: {n: "{{ (memory('n') or 0) + 1 }}"}
  - publish: {topic: n, payload: "{{ memory('n') }}"}
"""
WARM: list[Any] = [
    {"report": {"device": "hall", "property": "temperature", "value": 18}},
    {"advance": "1m"},
    {"report": {"device": "hall", "property": "temperature", "value": 21}},
    {"advance": "1m"},
    {"report": {"device": "hall", "property": "temperature", "value": 25}},
    {"advance": "1m"},
]
START = datetime(2026, 1, 10, 12, tzinfo=ZONE)


def replayed(folder: Path, live: str, script: list[Any], text: str, **fields: Any) -> ReplayReport:
    """What a text would have done over a script that the live version has seen."""
    request = ReplayRequest(text, **{"since": START, **fields})
    report: ReplayReport = _asked(folder, live, script, lambda view: view.replay(request))
    return report


def recorded(folder: Path, script: list[Any], query: RecordedQuery) -> RecordedPage:
    """What was recorded of a script."""
    page: RecordedPage = _asked(folder, LIVE, script, lambda view: view.recorded(query))
    return page


def _asked(
    folder: Path, live: str, script: list[Any], ask: Callable[[ReplaysView], Awaitable[Any]]
) -> Any:
    async def played() -> Any:
        files = {"pipelines/case.yaml": live, "secrets.yaml": "word: hunter22"}
        home = PastHome(folder, files)
        try:
            for step in script:
                await home.play(step)
            view = ReplaysView(folder, BERLIN, home.ledger, now=home.clock.now)
            return await ask(view)
        finally:
            await home.ledger.close()

    return asyncio.run(played())


def _shown(report: ReplayReport) -> list[Any]:
    return [
        (each.verdict, [(a.target, a.payload) for a in each.candidate.actions])
        if each.candidate
        else (each.verdict, None)
        for each in report.firings
    ]


def test_the_same_version_would_have_done_the_same(tmp_path: Path) -> None:
    report = replayed(tmp_path, LIVE, WARM, LIVE, compare=True)
    assert report.totals == {"same": 1} and report.events == 3


def test_another_limit_makes_other_runs(tmp_path: Path) -> None:
    report = replayed(tmp_path, LIVE, WARM, LIVE.replace("above: 22", "above: 20"), compare=True)
    assert _shown(report) == [("new", [("fan", 21)]), ("missing", None)]


def test_other_effects_are_told_beside_those_of_the_live_version(tmp_path: Path) -> None:
    changed = LIVE.replace('"{{ trigger.value }}"', "high")
    (firing,) = replayed(tmp_path, LIVE, WARM, changed, compare=True).firings
    assert firing.verdict == "different" and firing.live and firing.candidate
    assert (firing.live.actions[0].payload, firing.candidate.actions[0].payload) == (25, "high")


def test_without_comparing_only_what_would_run_is_told(tmp_path: Path) -> None:
    report = replayed(tmp_path, LIVE, WARM, LIVE)
    assert _shown(report) == [("would run", [("fan", 25)])]
    assert report.firings[0].live is None


def test_readings_and_memory_before_the_beginning_are_known(tmp_path: Path) -> None:
    script = [{"remember": {"muted": True}}, *WARM]
    late = START.replace(minute=1, second=30)
    muted = replayed(tmp_path / "a", LIVE, script, LIVE, since=late)
    assert muted.totals == {}
    free = LIVE.replace("conditions: [\"{{ memory('muted') != true }}\"]", "")
    assert replayed(tmp_path / "b", LIVE, script, free, since=late).totals == {"would run": 1}


def test_what_a_pipeline_remembers_itself_goes_on_from_the_beginning(tmp_path: Path) -> None:
    go: list[Any] = [{"publish": {"topic": "go"}}, {"advance": "1m"}]
    by_two = COUNTING.replace("+ 1", "+ 2")
    report = replayed(tmp_path, COUNTING, go * 3, by_two, since=START.replace(second=30))
    told = [firing.candidate.actions[-1].payload for firing in report.firings if firing.candidate]
    assert told == [3, 5]


def test_delays_pass_and_waits_end_as_the_record_says(tmp_path: Path) -> None:
    text = """
id: case
triggers: [{mqtt: go}]
steps:
  - delay: 10s
  - wait_for: {triggers: [{mqtt: door}], up_to: 5m}
  - publish: {topic: waited, payload: "{{ now().strftime('%H:%M:%S') }}"}
"""
    script = [
        {"publish": {"topic": "go"}}, {"advance": "1m"}, {"publish": {"topic": "door"}},
        {"advance": "1m"},
    ]  # fmt: skip
    report = replayed(tmp_path, text, script, text, compare=True)
    assert _shown(report) == [("same", [("waited", "12:01:00")])]


def test_a_wrong_file_is_refused_with_its_problems(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        replayed(tmp_path, LIVE, [], "id: case\nsteps: [{nothing: 1}]")
    assert "unknown step `nothing`" in caught.value.problems[0].text


def test_no_secret_is_told(tmp_path: Path) -> None:
    text = """
id: case
triggers: [{mqtt: go}]
steps:
  - http: {url: "https://x.example/", headers: {authorization: !secret word}}
  - publish: {topic: out, payload: {word: !secret word}}
"""
    script = [{"publish": {"topic": "go"}}, {"advance": "1m"}]
    report = replayed(tmp_path, text, script, text, compare=True)
    told = msgspec.json.encode(report).decode()
    assert report.totals and "•••" in told and "hunter22" not in told


def test_what_came_is_written_down_as_it_was(tmp_path: Path) -> None:
    script = [
        {"publish": {"topic": "a/b", "payload": {"x": 1}}},
        {"publish": {"topic": "a/c", "payload": "text", "retain": True}},
        {"publish": {"topic": "other", "payload": "no"}},
        {"advance": "1m"},
        {"publish": {"topic": "a/b", "payload": "late"}},
    ]
    until = START.replace(second=30)
    page = recorded(tmp_path, script, RecordedQuery(START, until, "a/#"))
    assert [(line.topic, line.payload, line.retain) for line in page.items] == [
        ("a/b", '{"x":1}', False), ("a/c", "text", True),
    ]  # fmt: skip
    assert page.next is None and page.items[0].ts == START.timestamp()
